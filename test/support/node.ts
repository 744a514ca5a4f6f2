/** Defines what the code uses and Node 20 lacks. Bun and later versions of Node have it. */
Promise.withResolvers ??= function withResolvers<T>() {
  let resolve: PromiseWithResolvers<T>["resolve"] = () => {}
  let reject: PromiseWithResolvers<T>["reject"] = () => {}
  const promise = new Promise<T>((whenDone, whenFailed) => {
    resolve = whenDone
    reject = whenFailed
  })
  return { promise, resolve, reject }
}
