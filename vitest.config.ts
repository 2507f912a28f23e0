import { readFile } from 'node:fs/promises'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { receive } from './tests/kit/worker/receiver.ts'

/** How much `npm run fuzz` asks for; see tests/fuzz/runs.ts. */
const fuzzing = Object.fromEntries(
  ['FUZZ_BEACONS', 'FUZZ_REQUESTS', 'FUZZ_SEED', 'FUZZ_PATH'].flatMap(name => {
    const value = process.env[name]
    return value ? [[name, value]] : []
  }),
)

// Three rooms: plain functions in Node, the worker inside workerd with a real D1, the rest in a real browser.
export default defineConfig({
  test: {
    // What is polled is an event that nothing else tells. A busy machine may take its time over it.
    expect: { poll: { timeout: 40_000 } },
    projects: [
      {
        test: {
          name: 'node',
          include: [
            'tests/schema/**/*.test.ts',
            'tests/sdk/*.test.ts',
            'tests/cli/*.test.ts',
            'tests/project/*.test.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // The worker and the programs that it has to work with.
      {
        test: {
          name: 'tools',
          include: ['tests/tools/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      inWorkerd('worker', { r2Buckets: ['ARCHIVE'] }),
      // What a stranger can do to the figures of a site, and what not.
      inWorkerd('attack', {}),
      // The same worker with a queue bound, and real delivery.
      inWorkerd('queue', {
        queueProducers: { QUEUE: 'beacons' },
        queueConsumers: { beacons: { maxBatchSize: 100, maxBatchTimeout: 0.2, maxRetries: 3 } },
      }),
      // Sites that are spread over two databases.
      inWorkerd('spread', { d1Databases: ['DB_2'] }),
      // The same with a queue and the stream of the lake bound: a worker that keeps what it gets.
      inWorkerd('lake', {
        queueProducers: { QUEUE: 'beacons' },
        queueConsumers: { beacons: { maxBatchSize: 100, maxBatchTimeout: 0.2, maxRetries: 3 } },
        serviceBindings: { LAKE: 'stream' },
        workers: [
          {
            name: 'stream',
            compatibilityDate: '2026-11-01',
            modules: true,
            scriptPath: 'tests/kit/stream.js',
          },
        ],
      }),
      // Beacons and requests that nobody thought of; `npm run fuzz` sends more of them.
      inWorkerd('fuzz', {}),
      {
        test: {
          name: 'chromium',
          include: ['tests/chromium/*.test.ts'],
          globalSetup: ['tests/chromium/install.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      // One suite in every browser: Chromium, Firefox and WebKitGTK.
      {
        test: {
          name: 'engines',
          include: ['tests/engines/*.test.ts'],
          globalSetup: ['tests/engines/install.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})

/** The tests of `tests/<name>`, run inside workerd beside the worker of wrangler.toml. */
function inWorkerd(name: string, bindings: object): TestProjectInlineConfiguration {
  return {
    plugins: [
      cloudflareTest(async () => ({
        wrangler: { configPath: './wrangler.toml' },
        miniflare: {
          ...bindings,
          outboundService: receive,
          bindings: {
            ADMIN_TOKEN: 'test-admin-token',
            MIGRATIONS: await readD1Migrations('./schema/storage/migrations'),
            SECURITY: await readFile('./SECURITY.md', 'utf8'),
            ...fuzzing,
          },
        },
      })),
    ],
    test: {
      name,
      include: [`tests/${name}/**/*.test.ts`],
      setupFiles: ['tests/kit/worker/setup.ts'],
      testTimeout: 30_000,
      hookTimeout: 60_000,
    },
  }
}
