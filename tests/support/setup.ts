// A rejection nobody awaited is a fault of the code under test, never noise.
process.on('unhandledRejection', (reason) => {
  throw reason instanceof Error ? reason : new Error(String(reason));
});
