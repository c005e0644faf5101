/**
 * Webhooks on the wire, as the Standard Webhooks specification has them.
 *
 * ```
 *  event ─► body ─► signatureHeaders(id, now, secrets) ─► post ─► answered | unanswered
 *                                                          └ public addresses only, checked at connect time; no redirects
 * ```
 * *Secret*: `whsec_` and base64; while one is replaced there are two, and each request carries a signature by each.
 */

// Signing
export { isSecret, mintSecret } from "./secret.ts";
export { signatureHeaders, type SignedContent } from "./sign.ts";
export { type Received, type Verified, verify } from "./verify.ts";

// Sending
export { openPoster, type Poster, type PosterOptions, type Webhook } from "./post.ts";
