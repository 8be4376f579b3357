// What the gateway needs of `server`, `auth`, `storage` and `resilience`, with durations and sizes as numbers.
import type { ResolvedProfile } from '../../config/generated/types.ts';
import { parseDuration, parseSize } from '../../lib/duration.ts';
import type { ResilienceProfile } from '../snapshot.ts';
import type { CompileStep } from './context.ts';

export const compileServer: CompileStep = ({ config: { server, auth, network, storage }, draft }) => {
  draft.limits = {
    maxBodySize: bytes(server.maxBodySize),
    maxUploadSize: bytes(server.maxUploadSize),
    maxDepth: server.maxDepth,
  };
  draft.timing = {
    bodyTimeout: milliseconds(server.bodyTimeout),
    keepAliveInterval: milliseconds(server.keepAliveInterval),
    drainTimeout: milliseconds(server.drainTimeout),
  };
  draft.responses = {
    ttl: milliseconds(storage.responses.ttl),
    maxBytes: bytes(storage.responses.maxSize),
    maxPerKey: storage.responses.maxPerKey,
  };
  draft.access = {
    requireApiKey: auth.requireApiKey,
    corsOrigins: server.cors.origins,
    trustedProxies: server.trustedProxies,
    basePath: server.basePath,
    ipFilter: network.ipFilter,
    lockout: {
      failures: auth.lockout.failures,
      within: milliseconds(auth.lockout.within),
      duration: milliseconds(auth.lockout.duration),
    },
  };
};

export const compileProfiles: CompileStep = ({ config, draft }) => {
  for (const [name, profile] of Object.entries(config.resilience.profiles)) {
    draft.profiles.set(name, compileProfile(name, profile));
  }
};

function compileProfile(name: string, profile: ResolvedProfile): ResilienceProfile {
  const { cooldown, breaker } = profile;
  return {
    name,
    retries: profile.retries,
    connectTimeout: milliseconds(profile.connectTimeout),
    firstTokenTimeout: milliseconds(profile.firstTokenTimeout),
    idleTimeout: milliseconds(profile.idleTimeout),
    totalTimeout: milliseconds(profile.totalTimeout),
    commitAfter: milliseconds(profile.commitAfter),
    cooldown: {
      transient: milliseconds(cooldown.transient),
      rateLimit: cooldown.rateLimit === 'hint' ? 'hint' : milliseconds(cooldown.rateLimit),
      maxLevel: cooldown.maxLevel,
    },
    breaker: { failures: breaker.failures, reset: milliseconds(breaker.reset) },
  };
}

// The schema has checked the spelling; a text that gets here all the same is a fault of ours.
export function milliseconds(text: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw new Error(`not a duration: ${text}`);
  return value;
}

function bytes(text: string): number {
  const value = parseSize(text);
  if (value === undefined) throw new Error(`not a size: ${text}`);
  return value;
}
