export { type Lane, type LaneJob, type Lanes, type LanesDeps, openLanes } from "./lane.ts";
export {
  openWebhookJobs,
  openWebhookWorker,
  webhookId,
  type WebhookJob,
  type WebhookJobEnd,
  type WebhookJobs,
  type WebhookWorkerDeps,
} from "./webhook-jobs.ts";
export {
  type JobPlace,
  openQueueReaders,
  type QueuedJob,
  type QueueReader,
  type QueueReaders,
} from "./queue-reader.ts";
