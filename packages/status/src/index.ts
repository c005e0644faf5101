export { openStatus, type Status, type StatusDeps, type StatusEvent } from "./status.ts";
