// Which providers may lead into private networks: the word of the operator, or an address that DNS cannot exchange.
import { describe, expect, it } from 'vitest';
import { catalog } from '../../../src/catalog/catalog.ts';
import { compile } from '../../../src/routing/compile.ts';
import { makeConfig, sha256 } from '../../support/config.ts';

function compileProvider(provider: Readonly<Record<string, unknown>>, id = 'own') {
  const config = makeConfig({ providers: { [id]: provider } });
  const { snapshot, diagnostics } = compile({ config, catalog, locate: () => undefined, digest: sha256 });
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code);
  return { reach: snapshot?.providers.get(id)?.endpoints[0]?.reach, errors };
}

const wire = (baseUrl: string) => ({ protocols: [{ name: 'openai-chat', baseUrl }] });
const keyed = { connections: [{ id: 'a', apiKey: { source: 'env', name: 'K' } }] };

describe('reach', () => {
  it.each(['http://127.0.0.1:8000/v1', 'http://localhost:8000', 'http://[::1]:8000', 'http://10.0.0.7/v1'])(
    '%s without a credential is meant as it stands',
    (baseUrl) => {
      expect(compileProvider({ ...wire(baseUrl), auth: 'none' })).toEqual({ reach: 'private', errors: [] });
    },
  );

  it.each([
    'http://127.0.0.1:8000/v1',
    'http://2130706433/',
    'http://gpu.localhost/v1',
    'http://192.168.1.2',
  ])('%s with a credential needs the word of the operator', (baseUrl) => {
    const provider = { ...wire(baseUrl), ...keyed };
    expect(compileProvider(provider)).toEqual({ errors: ['compile/private-address'] });
    expect(compileProvider({ ...provider, allowPrivateNetwork: true })).toEqual({
      reach: 'private',
      errors: [],
    });
  });

  it('a name leads to the internet only, with or without a credential, unless told otherwise', () => {
    expect(compileProvider({ ...wire('http://vllm.internal:8000'), auth: 'none' }).reach).toBeUndefined();
    expect(compileProvider({ ...wire('https://api.example.com'), ...keyed }).reach).toBeUndefined();
    const told = { ...wire('http://vllm.internal:8000'), auth: 'none', allowPrivateNetwork: true };
    expect(compileProvider(told).reach).toBe('private');
  });

  it('a metadata address is never meant', () => {
    expect(compileProvider({ ...wire('http://169.254.169.254/'), auth: 'none' }).reach).toBeUndefined();
  });

  it('the local servers of the catalog work as they are', () => {
    expect(compileProvider({}, 'ollama').reach).toBe('private');
    expect(compileProvider({}, 'openai').reach).toBeUndefined();
  });
});
