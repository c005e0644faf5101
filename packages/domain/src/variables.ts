import { SETTINGS } from "./settings.ts";

interface Variable {
  /** Who reads it, as `docs/settings.md` groups them. */
  readonly of: Reader;
  readonly says: string;
  /** What holds without it; absent: nothing does. */
  readonly absent?: string;
  /** Whoever knows it can do harm. */
  readonly secret?: true;
}

type Reader =
  | "every process"
  | "the API"
  | "workers"
  | "the notifier"
  | "media"
  | "metrics"
  | "the command line"
  | "the compose file"
  | "tests";

/**
 * Every environment variable beside the settings, and who reads it. `pombo doctor` refuses others: a name with a slip in it would
 * silently change nothing. A test holds the table against the sources.
 */
export const VARIABLES = {
  POMBO_ENV: {
    of: "every process",
    says: "`development` or `production`: in production a Redis that may lose what was accepted is refused, and webhooks go to public HTTPS addresses only",
    absent: "production",
  },
  POMBO_CELL: {
    of: "every process",
    says: "name of the installation within its Redis, like `c0`",
    absent: "c0",
  },
  POMBO_REDIS_URL: {
    of: "every process",
    says: "where Redis is, with the password. The API demands it",
    absent: "redis://127.0.0.1:6379",
    secret: true,
  },
  POMBO_RUN: {
    of: "every process",
    says: "set by `npm start`: which run a process belongs to",
  },

  POMBO_HOST: { of: "the API", says: "address that it listens on", absent: "127.0.0.1" },
  POMBO_PORT: { of: "the API", says: "port that it listens on", absent: "3000" },
  POMBO_CORS_ORIGINS: {
    of: "the API",
    says: "web pages that may call the API: origins, separated by commas",
  },
  POMBO_SANDBOX_CONTROL_URL: {
    of: "the API",
    says: "set by `npm start`: the control API of the simulator, on this machine, behind `/v1/sandbox`",
    absent: "no sandbox",
  },
  POMBO_TRUST_PROXY: {
    of: "the API",
    says: "1: requests come through a proxy of yours alone; what it says of their origin (the last of `X-Forwarded-For`, `X-Forwarded-Proto`) is believed",
    absent: "it is not",
  },

  POMBO_CREDENTIALS_KEY: {
    of: "workers",
    says: "seals the credentials of the devices: `id:base64` of 32 bytes, the current key first, older ones behind it with commas between. Demanded",
    secret: true,
  },
  POMBO_WORKER_ID: {
    of: "workers",
    says: "name of a worker, for life",
    absent: "host name and process id",
  },
  POMBO_WHATSAPP_URL: { of: "workers", says: "another WhatsApp server", absent: "WhatsApp itself" },
  POMBO_WHATSAPP_ROOT_KEY: { of: "workers", says: "its root key, base64" },
  POMBO_WHATSAPP_CA: {
    of: "workers",
    says: "the certificate that signed its own: a file, or the text",
  },
  POMBO_LOOPBACK_URLS: {
    of: "workers",
    says: "1: in development, media may come from this machine",
  },
  POMBO_OPT_OUT_KEYWORDS: {
    of: "workers",
    says: "whoever writes one of these to a device opts out; separated by commas. Empty: nobody does by writing",
    absent: "the list in [suppressions](suppressions.md)",
  },

  POMBO_NOTIFIER_ID: {
    of: "the notifier",
    says: "name of a notifier, for life",
    absent: "host name and process id",
  },

  POMBO_METRICS_PORT: {
    of: "metrics",
    says: "port of the metrics and the health of a worker or a notifier",
    absent: "not served",
  },
  POMBO_METRICS_HOST: { of: "metrics", says: "address that they listen on", absent: "127.0.0.1" },

  POMBO_MEDIA_FOLDER: {
    of: "media",
    says: "where media is kept; with a bucket, where it lies on its way",
    absent: "data/media; with a bucket, a folder in the temporary one",
  },
  POMBO_MEDIA_S3_ENDPOINT: {
    of: "media",
    says: "address of a bucket's server",
    absent: "no bucket",
  },
  POMBO_MEDIA_S3_BUCKET: { of: "media", says: "name of the bucket" },
  POMBO_MEDIA_S3_REGION: { of: "media", says: "its region", absent: "us-east-1" },
  POMBO_MEDIA_S3_ACCESS_KEY: { of: "media", says: "its access key", secret: true },
  POMBO_MEDIA_S3_SECRET_KEY: { of: "media", says: "its secret key", secret: true },
  POMBO_MEDIA_S3_PREFIX: { of: "media", says: "what the names of our objects begin with" },

  POMBO_URL: {
    of: "the command line",
    says: "which Pombo the commands speak to",
    absent: "the one that runs on the data folder",
  },
  POMBO_API_KEY: { of: "the command line", says: "the API key that they use", secret: true },

  POMBO_REDIS_PORT: {
    of: "the compose file",
    says: "port of the container's Redis on this machine",
    absent: "6379",
  },
  POMBO_REDIS_MAXMEMORY: { of: "the compose file", says: "its memory", absent: "1gb" },
  POMBO_REDIS_PASSWORD: { of: "the compose file", says: "its password. Demanded", secret: true },
  POMBO_IMAGE: { of: "the compose file", says: "the image of Pombo", absent: "pombo:local" },
  POMBO_HTTP_PORT: { of: "the compose file", says: "port of the proxy", absent: "8080" },
  POMBO_GRAFANA_PASSWORD: {
    of: "the compose file",
    says: "of Grafana's admin, with the profile observability",
    secret: true,
  },

  POMBO_API_FAULT_POINT: { of: "tests", says: "where the API dies" },
  POMBO_FAULT_POINT: { of: "tests", says: "where a worker dies" },
} as const satisfies Readonly<Record<string, Variable>>;

/** Every name that means something. */
export const VARIABLE_NAMES: readonly string[] = [
  ...Object.keys(VARIABLES),
  ...Object.keys(SETTINGS).map((name) => `POMBO_${name.toUpperCase()}`),
];
