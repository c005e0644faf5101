import type { DeviceId, MessageId } from "@pombo/domain";
import type { Log } from "@pombo/telemetry";

export interface FeedPort {
  feed(deviceId: DeviceId, messageId: MessageId, feed: number): Promise<void>;
}

/** Adds the job of a message that is in the window. Without it the owner's repair adds it: the message is accepted either way. */
export async function feedLane(
  job: { readonly deviceId: DeviceId; readonly messageId: MessageId; readonly feed: number },
  { lane, log }: { readonly lane: FeedPort; readonly log: Pick<Log, "error"> },
): Promise<void> {
  try {
    await lane.feed(job.deviceId, job.messageId, job.feed);
  } catch (error) {
    log.error("lane.not_fed", { device_id: job.deviceId, message_id: job.messageId, error });
  }
}
