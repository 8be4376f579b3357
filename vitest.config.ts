import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup/properties.ts', 'test/setup/traps.ts'],
    // One process per file: what a file leaves behind is its own fault and is found by test/setup/leaks.ts.
    pool: 'forks',
    // Vitest leaves one core free; the machines of this project have two, and most files wait more than they compute.
    maxWorkers: 2,
    isolate: true,
    // As Node itself does: the default export of a CommonJS module is module.exports.
    deps: { interopDefault: false },
    // A hang is told from work on a machine whose two cores others use, too.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // After hooks run in the reverse of their order of registration, so that the traps of the setup come last.
    sequence: { hooks: 'stack' },
  },
});
