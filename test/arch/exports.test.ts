// What a program may import from the package: a change here is a change of the public surface.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as surface from '../../src/index.ts';
import { root } from './source.ts';

test('the values that the package exports', () => {
  expect(Object.keys(surface).toSorted()).toMatchInlineSnapshot(`
    [
      "GatewayError",
      "bootGateway",
      "catalog",
      "compareDiagnostics",
      "compile",
      "createGateway",
      "createLogs",
      "createServer",
      "createSnapshotRef",
      "createWorld",
      "decide",
      "errorTable",
      "explain",
      "hasErrors",
      "isGatewayError",
      "loadConfig",
      "next",
      "renderPosition",
    ]
  `);
});

test('the entry points of the package', () => {
  const { bin, exports, engines, type } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, unknown>;
  expect({ bin, exports, engines, type }).toMatchInlineSnapshot(`
    {
      "bin": {
        "omniroute": "src/cli/bin.js",
      },
      "engines": {
        "node": ">=24.7",
      },
      "exports": {
        ".": "./src/index.ts",
      },
      "type": "module",
    }
  `);
});
