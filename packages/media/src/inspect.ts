/** What the bytes themselves tell. Whatever can't be read is absent: odd media is the phone's business. */
export interface Looks {
  readonly width?: number;
  readonly height?: number;
  /** Seconds, rounded up. */
  readonly seconds?: number;
  /** A JPEG of a few hundred bytes, base64. */
  readonly thumbnail?: string;
}

const THUMBNAIL_PX = 72;
/** Larger pictures are sent without a thumbnail: unpacking them would cost more than they are worth. */
const MOST_PIXELS = 50_000_000;

/** Dimensions, duration and thumbnail, as far as the type has them. */
export async function inspect(path: string, mimeType: string): Promise<Looks> {
  try {
    if (mimeType.startsWith("image/")) return await inspectImage(path);
    if (/^(video|audio)\//.test(mimeType)) return await inspectTracks(path);
  } catch {
    // Damaged, or of a flavour that the library doesn't know.
  }
  return {};
}

async function inspectImage(path: string): Promise<Looks> {
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  sharp.concurrency(1);
  const open = () => sharp(path, { limitInputPixels: MOST_PIXELS, sequentialRead: true });
  const { autoOrient } = await open().metadata();
  const thumbnail = await open()
    .autoOrient()
    .resize(THUMBNAIL_PX, THUMBNAIL_PX, { fit: "inside" })
    .flatten({ background: "white" })
    .jpeg({ quality: 50 })
    .toBuffer()
    .catch(() => undefined);
  return {
    width: autoOrient.width,
    height: autoOrient.height,
    ...(thumbnail === undefined ? {} : { thumbnail: thumbnail.toString("base64") }),
  };
}

const CACHE_BYTES = 2_097_152;

async function inspectTracks(path: string): Promise<Looks> {
  const { ALL_FORMATS, FilePathSource, Input } = await import("mediabunny");
  const source = new FilePathSource(path, { maxCacheSize: CACHE_BYTES });
  using input = new Input({ formats: ALL_FORMATS, source });
  const seconds = Math.ceil(await input.computeDuration());
  const video = await input.getPrimaryVideoTrack();
  return {
    seconds,
    ...(video === null ? {} : { width: video.displayWidth, height: video.displayHeight }),
  };
}
