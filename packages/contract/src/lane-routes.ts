import { deviceParams } from "./device.ts";
import { lane, laneGates, moved } from "./lane.ts";
import type { Route } from "./route.ts";

const NO_DEVICE = ["DEVICE_NOT_FOUND"] as const;

/** What a device still has to send, and how it goes about it. */
export const LANE_ROUTES = {
  getLane: {
    method: "GET",
    path: "/v1/devices/:id/lane",
    auth: "devices:manage",
    summary: "What waits for a device, how fast it goes, and what stops it",
    params: deviceParams,
    answers: { 200: { says: "The lane.", schema: lane } },
    errors: NO_DEVICE,
  },
  getLaneGates: {
    method: "GET",
    path: "/v1/devices/:id/lane/gates",
    auth: "devices:manage",
    summary: "Why a lane is not sending: its gates in order, and what waits by reason",
    params: deviceParams,
    answers: { 200: { says: "The gates.", schema: laneGates } },
    errors: NO_DEVICE,
  },
  pauseLane: {
    method: "POST",
    path: "/v1/devices/:id/lane/pause",
    auth: "devices:manage",
    summary: "Pause a lane; what is in hand settles, the rest waits",
    params: deviceParams,
    answers: { 200: { says: "Paused.", schema: lane } },
    errors: NO_DEVICE,
  },
  resumeLane: {
    method: "POST",
    path: "/v1/devices/:id/lane/resume",
    auth: "devices:manage",
    summary: "Resume a lane",
    params: deviceParams,
    answers: { 200: { says: "Resumed.", schema: lane } },
    errors: NO_DEVICE,
  },
  releaseLane: {
    method: "POST",
    path: "/v1/devices/:id/lane/release",
    auth: "devices:manage",
    summary: "Send what was accepted under an earlier phone number from the present one",
    params: deviceParams,
    answers: { 200: { says: "So many messages moved.", schema: moved } },
    errors: NO_DEVICE,
  },
  discardLane: {
    method: "POST",
    path: "/v1/devices/:id/lane/discard",
    auth: "devices:manage",
    summary: "Cancel what was accepted under an earlier phone number",
    params: deviceParams,
    answers: { 200: { says: "So many messages were canceled.", schema: moved } },
    errors: NO_DEVICE,
  },
} as const satisfies Record<string, Route>;
