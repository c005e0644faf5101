import { ERROR_CODES } from "@pombo/domain";
import { z } from "zod";

export const errorCode = z.enum(ERROR_CODES).meta({
  id: "ErrorCode",
  description: "Stable. Branch on it; treat an unknown one like its HTTP status.",
});
