// The Redis keys of this room. All accounts stand in one hash, so that one script changes them and one read sees them together.

export const accountsKeys = (namespace: string) => ({
  /** Field `version`, and one field per object: `sender:s1` → JSON. */
  objects: `${namespace}:accounts`,
  /** Fingerprint of the secret that every process on this Redis shares. */
  secret: `${namespace}:secret`,
});

export const VERSION_FIELD = 'version';
