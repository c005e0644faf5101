/** Redis refuses for now, also within a script: it is full, so is its disk, or another Redis has to answer. */
const FOR_NOW =
  /^(OOM|MISCONF|READONLY|NOREPLICAS|LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED)\b/;

/** False when a script is itself at fault, and would be at the next try; Redis may be away or full for a while. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  return FOR_NOW.test(error.message) || !/\b(user_script|WRONGTYPE)\b/.test(error.message);
}
