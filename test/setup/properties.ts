// Property tests try new cases at every run on a developer's machine. With FC_SEED they try the same ones again: .ci/run
// takes it from the tree under test, so that what passed once passes again, and every other tree tries other cases.
const seed = process.env['FC_SEED'];

if (seed !== undefined) {
  const { configureGlobal, readConfigureGlobal } = await import('fast-check');
  configureGlobal({ ...readConfigureGlobal(), seed: Number(seed) });
}
