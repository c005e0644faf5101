import { SETTINGS } from "./settings.ts";

/**
 * Every environment variable beside the settings, and who reads it. `pombo doctor` refuses others: a name with a slip in it would
 * silently change nothing. A test holds the table against the sources.
 */
export const VARIABLES = {
  // All processes
  POMBO_ENV: { says: "development or production; production when absent" },
  POMBO_CELL: { says: "name of the installation within its Redis, like c0" },
  POMBO_REDIS_URL: { says: "where Redis is, with the password", secret: true },
  POMBO_METRICS_PORT: { says: "port of the metrics of a worker or a notifier" },
  POMBO_METRICS_HOST: { says: "address that these metrics listen on" },
  POMBO_RUN: { says: "set by npm start: which run a process belongs to" },

  // The API
  POMBO_HOST: { says: "address that the API listens on" },
  POMBO_PORT: { says: "port that the API listens on" },
  POMBO_CORS_ORIGINS: { says: "web pages that may call the API: origins, separated by commas" },
  POMBO_API_FAULT_POINT: { says: "for tests: where the API dies" },

  // Workers
  POMBO_WORKER_ID: { says: "name of a worker, for life" },
  POMBO_CREDENTIALS_KEY: { says: "seals the credentials of the devices: id:base64", secret: true },
  POMBO_WHATSAPP_URL: { says: "another WhatsApp server" },
  POMBO_WHATSAPP_ROOT_KEY: { says: "its root key, base64" },
  POMBO_WHATSAPP_CA: { says: "the certificate that signed its own: a file, or the text" },
  POMBO_LOOPBACK_URLS: { says: "1: in development, media may come from this machine" },
  POMBO_OPT_OUT_KEYWORDS: { says: "whoever writes one of these opts out; separated by commas" },
  POMBO_FAULT_POINT: { says: "for tests: where a worker dies" },

  // The notifier
  POMBO_NOTIFIER_ID: { says: "name of a notifier, for life" },

  // Media
  POMBO_MEDIA_FOLDER: { says: "where media is kept; with a bucket, where it lies on its way" },
  POMBO_MEDIA_S3_ENDPOINT: { says: "address of a bucket's server" },
  POMBO_MEDIA_S3_BUCKET: { says: "name of the bucket" },
  POMBO_MEDIA_S3_REGION: { says: "its region; us-east-1 when absent" },
  POMBO_MEDIA_S3_ACCESS_KEY: { says: "its access key", secret: true },
  POMBO_MEDIA_S3_SECRET_KEY: { says: "its secret key", secret: true },
  POMBO_MEDIA_S3_PREFIX: { says: "what the names of our objects begin with" },

  // The command line
  POMBO_URL: { says: "which Pombo the commands speak to" },
  POMBO_API_KEY: { says: "the API key that they use", secret: true },

  // docker-compose.yml
  POMBO_REDIS_PORT: { says: "port of the container's Redis on this machine" },
  POMBO_REDIS_MAXMEMORY: { says: "its memory" },
} as const satisfies Readonly<Record<string, { readonly says: string; readonly secret?: true }>>;

/** Every name that means something. */
export const VARIABLE_NAMES: readonly string[] = [
  ...Object.keys(VARIABLES),
  ...Object.keys(SETTINGS).map((name) => `POMBO_${name.toUpperCase()}`),
];
