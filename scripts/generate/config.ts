// schema/ → types, validator, layout, reload kinds, editor bundle and reference page of the config language.
import { renderEditorSchema } from './config-editor.ts';
import { renderReference } from './config-reference.ts';
import { loadConfigSchema } from './config-source.ts';
import { renderTypes } from './config-types.ts';
import {
  renderLayout,
  renderReloadKinds,
  renderValidator,
  renderValidatorTypes,
} from './config-validator.ts';

/** `from` is the folder of the sources; a test passes a mutated copy. */
export async function generate(from?: string): Promise<ReadonlyMap<string, string>> {
  const source = await loadConfigSchema(from);
  return new Map([
    ['src/config/generated/types.ts', `${await renderTypes(source)}\n`],
    ['src/config/generated/validator.js', renderValidator(source)],
    ['src/config/generated/validator.d.ts', renderValidatorTypes()],
    ['src/config/generated/layout.ts', renderLayout(source)],
    ['src/config/generated/reload.ts', renderReloadKinds(source)],
    ['schema/omniroute.schema.json', renderEditorSchema(source)],
    ['docs/reference/config.md', renderReference(source)],
  ]);
}
