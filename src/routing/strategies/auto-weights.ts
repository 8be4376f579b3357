// The packs of weights that `auto` comes with. A combo may replace single weights; what they add up to does not matter.

/** What `auto` looks at, each as a value between 0 and 1. */
export const autoFactors = ['quota', 'health', 'cost', 'latency', 'fit', 'stability', 'tier'] as const;

export type AutoFactor = (typeof autoFactors)[number];
export type AutoWeights = Readonly<Record<AutoFactor, number>>;

export const autoPacks: Readonly<Record<string, AutoWeights>> = {
  balanced: { quota: 0.2, health: 0.25, cost: 0.2, latency: 0.15, fit: 0.1, stability: 0.05, tier: 0.05 },
  'ship-fast': { quota: 0.15, health: 0.3, cost: 0.05, latency: 0.35, fit: 0.1, stability: 0.05, tier: 0 },
  'cost-saver': { quota: 0.15, health: 0.2, cost: 0.4, latency: 0.05, fit: 0.1, stability: 0.05, tier: 0.05 },
  'quality-first': {
    quota: 0.1,
    health: 0.2,
    cost: 0.05,
    latency: 0.05,
    fit: 0.4,
    stability: 0.1,
    tier: 0.1,
  },
  'offline-friendly': {
    quota: 0.4,
    health: 0.3,
    cost: 0.1,
    latency: 0.05,
    fit: 0.1,
    stability: 0.05,
    tier: 0,
  },
};
