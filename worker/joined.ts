/**
 * Waiting for what another request does.
 *
 * workerd takes whoever awaits another request's promise back to its own request, where its own input and output are. It does so where a
 * promise is resolved, and code that V8 has optimised resolves what an async function returns past that look. From then on the rest of the
 * waiting request ran as the other one, and its answer was a 500 (workerd 1.20261102, after some 1,000 shared answers). The functions
 * of a promise with resolvers always look.
 *
 * @see https://github.com/cloudflare/workerd/pull/2719
 */

/** What `work` of another request comes to, as a promise of this one. */
export function joined<T>(work: Promise<T>): Promise<T> {
  const own = Promise.withResolvers<T>()
  work.then(own.resolve, own.reject)
  return own.promise
}
