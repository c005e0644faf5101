import { expect, test } from "vitest";
import { mayPass } from "./may-pass.ts";

test.each([
  { says: "OOM command not allowed when used memory > 'maxmemory'.", passes: true },
  { says: "OOM command not allowed, script: 5f, on @user_script:12.", passes: true },
  { says: "MISCONF Errors writing to the AOF file, script: 5f, on @user_script:12.", passes: true },
  { says: "READONLY You can't write against a read only replica.", passes: true },
  { says: "Connection is closed.", passes: true },
  { says: "ERR user_script:12: attempt to index a nil value", passes: false },
  { says: "WRONGTYPE Operation against a key, script: 5f, on @user_script:12.", passes: false },
  { says: "ERR user_script:12: OOM is a word of the message", passes: false },
])("$says passes: $passes", ({ says, passes }) => {
  expect(mayPass(new Error(says))).toBe(passes);
});
