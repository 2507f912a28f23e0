import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

// Three rooms: plain functions in Node, the worker inside workerd with a real D1, the rest in a real browser.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          include: ['tests/schema/*.test.ts', 'tests/project/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                ADMIN_TOKEN: 'test-admin-token',
                MIGRATIONS: await readD1Migrations('./schema/migrations'),
              },
            },
          })),
        ],
        test: { name: 'worker', include: ['tests/worker/*.test.ts'], setupFiles: ['tests/worker/setup.ts'] },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
