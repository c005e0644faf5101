import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS, VARIABLE_NAMES } from "@pombo/domain";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { wrongWith } from "./kubernetes-model.ts";

const FOLDER = join(import.meta.dirname, "kubernetes");
const APPS = ["api", "worker", "notifier"] as const;

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
}

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly secretKeyRef?: { readonly name: string; readonly key: string };
    };
  }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly startupProbe: Probe;
  readonly securityContext: object;
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly strategy: object;
    readonly scaleTargetRef: { readonly name: string };
    readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly ingress?: readonly {
      readonly from: readonly {
        readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
      }[];
      readonly ports: readonly { readonly port: string | number }[];
    }[];
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: object;
        readonly containers: readonly Container[];
      };
    };
  };
}

type Loose = Record<string, unknown>;

function read(file: string): readonly Manifest[] {
  const documents = parseAllDocuments(readFileSync(join(FOLDER, file), "utf8"));
  for (const { errors } of documents) expect(errors).toEqual([]);
  return documents.map((document) => document.toJS() as Manifest);
}

const all = readdirSync(FOLDER).flatMap((file) => read(file).map((it) => ({ file, it })));
const manifests = all.map(({ it }) => it);

function find(kind: string, name: string): Manifest {
  const found = manifests.find((it) => it.kind === kind && it.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

test.each(all.map(({ file, it }) => [`${file}: ${it.kind} ${it.metadata.name}`, it] as const))(
  "%s is what Kubernetes' schema wants, without a field too many",
  (_name, manifest) => {
    expect(wrongWith(manifest)).toBeUndefined();
  },
);

test("a slip in a manifest is found", () => {
  const good = find("Deployment", "pombo-api");
  const spoil = (change: (spec: Loose, pod: Loose) => void) => {
    const copy = structuredClone(good);
    change(copy.spec, copy.spec.template.spec);
    return wrongWith(copy);
  };
  expect(spoil((spec) => (spec["replicas"] = "2"))).toMatch(/replicas must be integer/);
  expect(spoil((spec) => delete spec["selector"])).toMatch(/selector/);
  expect(spoil((_, pod) => (pod["terminationGraceSeconds"] = 3))).toBe(
    "unknown fields: .spec.template.spec.terminationGraceSeconds",
  );
});

describe.each(APPS)("the pods of the %s", (app) => {
  const { spec } = find("Deployment", `pombo-${app}`);
  const pod = spec.template.spec;
  const [container] = pod.containers;
  if (container === undefined) throw new Error("no container");

  test("are not root, can write to their volumes only, and get no variables of services", () => {
    expect(pod).toMatchObject({
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("are probed, where a missing Redis makes them not ready but never starts them anew", () => {
    const [port] = container.ports;
    expect(container.args).toEqual([app]);
    expect(container.readinessProbe.httpGet).toEqual({ path: "/health/ready", port: port?.name });
    for (const probe of [container.livenessProbe, container.startupProbe])
      expect(probe.httpGet).toEqual({ path: "/health/live", port: port?.name });
  });

  test("have the time to end, and are replaced one by one, the new one first", () => {
    const { drain_ms: drain, handover_ms: handover, shutdown_ms: shutdown } = SETTINGS;
    const least = ((app === "worker" ? handover : drain).value + shutdown.value) / 1_000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(least);
    expect(spec.strategy).toEqual({ rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  });

  test("are selected by their deployment and their disruption budget", () => {
    const { matchLabels } = spec.selector;
    expect(spec.template.metadata.labels).toMatchObject(matchLabels);
    expect(find("PodDisruptionBudget", `pombo-${app}`).spec.selector.matchLabels).toEqual(
      matchLabels,
    );
  });

  test("are told variables that exist, and secrets that the example has", () => {
    const secret = find("Secret", "pombo-secrets").stringData ?? {};
    for (const { name, valueFrom } of container.env ?? []) {
      expect(VARIABLE_NAMES).toContain(name);
      const { secretKeyRef: ref } = valueFrom ?? {};
      if (ref !== undefined) expect([ref.name, ref.key in secret]).toEqual(["pombo-secrets", true]);
    }
  });
});

test("only workers know the key of the credentials", () => {
  const knows = APPS.filter((app) =>
    find("Deployment", `pombo-${app}`).spec.template.spec.containers.some(({ env = [] }) =>
      env.some(({ name }) => name === "POMBO_CREDENTIALS_KEY"),
    ),
  );
  expect(knows).toEqual(["worker"]);
});

test("the API believes what a proxy says of a request, and nobody but the ingress and Prometheus reaches it", () => {
  const [api] = find("Deployment", "pombo-api").spec.template.spec.containers;
  expect(api?.env).toContainEqual({ name: "POMBO_TRUST_PROXY", value: "1" });
  const { labels } = find("Deployment", "pombo-api").spec.template.metadata;
  const concerns = ({ spec: { podSelector } }: Manifest) =>
    Object.entries(podSelector.matchLabels ?? {}).every(([name, value]) => labels[name] === value);
  const policies = manifests.filter(({ kind }) => kind === "NetworkPolicy").filter(concerns);
  const rules = policies.flatMap(({ spec }) => spec.ingress ?? []);
  const toHttp = rules.filter(({ ports }) => ports.some(({ port }) => port === "http"));
  const from = toHttp.flatMap((rule) => rule.from.map((it) => it.namespaceSelector?.matchLabels));
  const inside = (name: string) => ({ "kubernetes.io/metadata.name": name });
  expect(from).toEqual([inside("ingress-nginx"), inside("monitoring")]);
});

test("settings are variables that exist; the example of the secret holds none", () => {
  const settings = Object.keys(find("ConfigMap", "pombo-settings").data ?? {});
  expect(settings.filter((name) => name !== "TMPDIR" && !VARIABLE_NAMES.includes(name))).toEqual(
    [],
  );
  const values = Object.values(find("Secret", "pombo-secrets").stringData ?? {});
  expect(values.every((value) => value === "")).toBe(true);
});

test("Redis is configured as everywhere else", () => {
  const conf = readFileSync(join(import.meta.dirname, "redis", "redis.conf"), "utf8");
  expect(find("ConfigMap", "pombo-redis").data?.["redis.conf"]).toBe(conf);
});

test("what scales is there", () => {
  const { scaleTargetRef } = find("HorizontalPodAutoscaler", "pombo-worker").spec;
  expect(scaleTargetRef.name).toBe("pombo-worker");
});
