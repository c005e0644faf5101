import { inspect } from "./inspect.ts";
import type { Question } from "./inspector.ts";

/** The process behind the inspector: one question after the other, until nobody is there to ask. */
process.on("message", (question: Question) => {
  void inspect(question.path, question.mimeType).then((looks) => process.send?.(looks));
});
process.on("disconnect", () => process.exit());
