export { type Lane, type LaneJob, type Lanes, type LanesDeps, openLanes } from "./lane.ts";
