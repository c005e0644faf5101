import { z } from "zod";

export const batchId = z.string().meta({
  id: "BatchId",
  description: "The ids of its messages are `3EB0`, these eleven characters, and the row's number.",
  example: "bat_0A1B2C3D4E5",
});
