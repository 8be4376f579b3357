// The closed table of reason codes. Every step that decide() and next() take appends one, so that `explain`, the usage
// row and the dashboard can say why in the same words; docs/reference/reasons.md is generated from here.

export const reasonTable = {
  combo: { meaning: 'The name is a combo of the configuration.' },
  alias: { meaning: 'The name is an alias of the configuration.' },
  'alias-glob': {
    meaning: 'The name matches the pattern of an alias; of several patterns the most specific one wins.',
  },
  prefix: {
    meaning: 'The name starts with a provider id or one of its short prefixes; the rest is the model.',
  },
  listed: { meaning: 'Exactly one provider lists this bare model name.' },
  'listed-active': {
    meaning: 'Several providers know this bare model name; only this one has a usable connection.',
  },
  family: { meaning: 'The bare name belongs to the family of one provider only.' },
  'not-served': { meaning: 'The file lists the models of this provider, and this is none of them.' },
  unlisted: { meaning: 'The provider does not list this model; the name is passed on as it is.' },
  'suffix-1m': {
    meaning: 'The name ends in [1m]: the long context window is asked for, the rest is the name.',
  },
  'suffix-thinking': {
    meaning: 'The name ends in -thinking and only the name before it is known: reasoning is asked for.',
  },
  'invalid-name': {
    meaning: 'The model name is empty, too long, or holds control characters or a path step.',
  },
  ambiguous: { meaning: 'Several providers list this bare model name and more than one could serve it.' },
  'unknown-name': { meaning: 'The name matches no combo, alias, provider prefix or listed model.' },
  'key-not-allowed': {
    meaning: 'The models of the client key match neither the requested name nor what it stands for.',
  },
  'key-limit': {
    meaning: 'The client key has reached one of its own limits; nothing was read of the request.',
  },
  'address-not-allowed': { meaning: 'The IP filter does not serve the address of the client.' },
  strategy: { meaning: 'The strategy of the combo put its targets into this order.' },
  score: {
    meaning: 'What `auto` knows about the target, each factor between 0 and 1; ? counts as the middle.',
  },
  'unknown-rank': { meaning: 'The strategy has no data about this target and ranks it last.' },
  'policy-route': { meaning: 'A policy sends the request to another name.' },
  'policy-deny': { meaning: 'A policy denies the name or the target.' },
  'policy-allow': { meaning: 'A policy allows only other targets.' },
  'policy-block': { meaning: 'A policy takes the target out.' },
  'policy-prefer': { meaning: 'Policies put the targets of preferred providers first.' },
  'policy-match': { meaning: 'A policy matches; the message says what follows from it.' },
  'policy-shadow': { meaning: 'A shadow policy matched; it is recorded and changes nothing.' },
  'session-kept': {
    meaning: 'The conversation stays at the account that answered it last, where its prompt cache is.',
  },
  'session-moved': {
    meaning: 'The account that answered the conversation last cannot be used now; the conversation moves.',
  },
  'provider-missing': { meaning: 'The target names a provider that the configuration does not have.' },
  'connection-disabled': { meaning: 'The connection is switched off in the configuration.' },
  'connection-not-chosen': {
    meaning:
      'The target names its connections, or the connection its models, and these two do not go together.',
  },
  condition: { meaning: 'The `when` of the target does not hold for this request.' },
  schedule: { meaning: 'The target is outside of its schedule.' },
  'no-connection': { meaning: 'The provider has no connection at all.' },
  'no-credential': { meaning: 'The secret of the connection could not be resolved.' },
  cooling: { meaning: 'The connection rests after a failure; it is used again when the time is over.' },
  'quota-spent': {
    meaning: 'The connection has used up what its provider, or the file, grants it until the reset.',
  },
  'budget-exceeded': {
    meaning: 'A budget has no room for the call; what is set aside for calls that run is counted.',
  },
  'budget-route': { meaning: 'A budget is used up and sends the request to another name.' },
  'budget-warn': { meaning: 'A budget is used up, and only warns.' },
  'breaker-open': {
    meaning: 'Too many failures in a row: the connection or model is left alone until a probe is due.',
  },
  'connection-not-allowed': { meaning: 'The client key may not use this account.' },
  'no-endpoint': { meaning: 'The model is not for this, or no wire of its provider has it.' },
  'pass-through': { meaning: 'The provider speaks the protocol of the client: the bytes pass untouched.' },
  translate: {
    meaning: 'The provider does not speak the protocol of the client: the request is translated.',
  },
  duplicate: { meaning: 'The same model at the same connection already stands earlier in the order.' },
  'too-many-attempts': { meaning: 'The order is longer than one request may try; the rest is cut off.' },
  'next-target': {
    meaning: 'The attempt failed in a way that another candidate may not: the next one is tried.',
  },
  'same-door': {
    meaning: 'The host of this candidate just refused a connection; it is left out in this round.',
  },
  repeat: { meaning: 'Every candidate has failed; one whose failure may pass is tried once more.' },
  'not-retryable': {
    meaning: 'The failure is about the request itself: no other candidate would answer differently.',
  },
  exhausted: { meaning: 'Every candidate was tried as often as its profile allows.' },
} as const satisfies Record<string, { readonly meaning: string }>;

/** A code of the closed table. */
export type ReasonCode = keyof typeof reasonTable;
