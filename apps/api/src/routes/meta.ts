import { errorList, limitList, openapiDocument } from "@pombo/contract";
import type { Settings } from "@pombo/domain";
import { type HealthWatch, sayHealth } from "@pombo/telemetry";
import { type Answer, json, refuse } from "../answer.ts";
import type { AnyHandler } from "../bind-route.ts";

/** What never changes while the process lives is made once, when it is first asked for: few ask for the documents. */
function fixed(make: () => object): AnyHandler {
  let answer: Answer | undefined;
  return () => Promise.resolve((answer ??= json(200, make())));
}

/** `GET /v1/errors` */
export function listErrors(): AnyHandler {
  return fixed(errorList);
}

/** `GET /v1/limits` */
export function listLimits(settings: Settings): AnyHandler {
  return fixed(() => limitList(settings));
}

/** `GET /openapi.json` */
export function getOpenapi(settings: Settings): AnyHandler {
  return fixed(() => openapiDocument(settings));
}

/** `GET /health/live` */
export function getLiveness(): AnyHandler {
  return fixed(() => ({ success: true, status: "live" }));
}

export interface ReadinessDeps {
  readonly health: Pick<HealthWatch, "look">;
}

/** `GET /health/ready` */
export function getReadiness({ health }: ReadinessDeps): AnyHandler {
  return async () => {
    const seen = await health.look();
    if (seen.status !== "ready")
      return refuse({ code: "SERVICE_UNAVAILABLE", detail: sayHealth(seen) });
    return json(200, { success: true, status: "ready", checks: seen.checks });
  };
}
