import * as apps from "kubernetes-models/apps/v1";
import * as autoscaling from "kubernetes-models/autoscaling/v2";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as policy from "kubernetes-models/policy/v1";
import * as core from "kubernetes-models/v1";

interface Model {
  validate(this: unknown): void;
}

/** The kinds that the manifests use. */
const MODELS: Readonly<Record<string, { readonly prototype: Model }>> = {
  "v1 ConfigMap": core.ConfigMap,
  "v1 Secret": core.Secret,
  "v1 Service": core.Service,
  "apps/v1 Deployment": apps.Deployment,
  "apps/v1 StatefulSet": apps.StatefulSet,
  "autoscaling/v2 HorizontalPodAutoscaler": autoscaling.HorizontalPodAutoscaler,
  "networking.k8s.io/v1 NetworkPolicy": networking.NetworkPolicy,
  "policy/v1 PodDisruptionBudget": policy.PodDisruptionBudget,
};

/**
 * What is wrong with a manifest by the schema of Kubernetes' API: a sentence, or undefined. The validator takes fields that it does not know;
 * what it never looked at is one of those.
 */
export function wrongWith(manifest: {
  readonly apiVersion: string;
  readonly kind: string;
}): string | undefined {
  const Kind = MODELS[`${manifest.apiVersion} ${manifest.kind}`];
  if (Kind === undefined) return `there is no kind ${manifest.kind} of ${manifest.apiVersion}`;
  const unseen = new Set<string>();
  try {
    // Of what `this` is; an object of the class would be a copy that has listed all fields.
    Kind.prototype.validate.call(watch(manifest, "", unseen));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const unknown = [...unseen];
  return unknown.length === 0 ? undefined : `unknown fields: ${unknown.join(", ")}`;
}

/** The same data; paths of fields that nobody read stay in `unseen`. Who lists all fields knows each of them. */
function watch(data: unknown, path: string, unseen: Set<string>): unknown {
  if (typeof data !== "object" || data === null) return data;
  const inner = new Map<PropertyKey, unknown>();
  for (const [name, value] of Object.entries(data)) {
    if (!Array.isArray(data)) unseen.add(`${path}.${name}`);
    inner.set(name, watch(value, `${path}.${name}`, unseen));
  }
  return new Proxy(data, {
    get(target, name, self): unknown {
      unseen.delete(`${path}.${String(name)}`);
      return inner.has(name) ? inner.get(name) : Reflect.get(target, name, self);
    },
    ownKeys(target) {
      for (const name of inner.keys()) unseen.delete(`${path}.${String(name)}`);
      return Reflect.ownKeys(target);
    },
  });
}
