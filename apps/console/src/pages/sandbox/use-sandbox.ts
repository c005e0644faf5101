import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import type { SearchTexts } from "../../shell/search-params.ts";
import { type Place, readPlace, writePlace } from "./place.ts";

const LOG_MS = 1_000;
const SENT_MS = 2_000;
const FAULTS_MS = 4_000;
const PAGE = 50;
const PHONES = 100;
const SENT = 100;
/** Under which everything stands that the log of the sandbox makes stale. */
const SEEN = "sandbox-seen";
const FAULTS = ["sandbox", "faults"];

/** The phone in hand and its open chat. */
export function usePlace(): readonly [Place, (place: Place) => void] {
  const { hash } = useLocation();
  const navigate = useNavigate();
  const go = (place: Place): void => {
    void navigate({
      to: ".",
      search: (before: SearchTexts) => ({ ...before, message: undefined }),
      hash: writePlace(place),
      replace: true,
      resetScroll: false,
    });
  };
  return [readPlace(hash), go];
}

/** Looks at the sandbox's log once a second; what it shows makes the windows ask again. */
export function useLogTail(): void {
  const client = useQueryClient();
  const after = useRef<number>(undefined);
  useQuery({
    queryKey: ["sandbox-log"],
    refetchInterval: usePoll(LOG_MS),
    queryFn: async ({ signal }) => {
      const asked = after.current;
      const given = asked === undefined ? { limit: 1 } : { after: asked, limit: 1_000 };
      const { last, entries } = await pombo.listSandboxLog(given, { signal });
      after.current = last;
      const news = asked !== undefined && entries.length > 0;
      if (news) void client.invalidateQueries({ queryKey: [SEEN] });
      return last;
    },
  });
}

export function usePhones() {
  return useQuery({
    queryKey: [SEEN, "phones"],
    queryFn: ({ signal }) => pombo.listSandboxPhones({ limit: PHONES }, { signal }),
  });
}

export function usePhone(phone: string | undefined) {
  return useQuery({
    queryKey: [SEEN, "phone", phone],
    enabled: phone !== undefined,
    queryFn: ({ signal }) => pombo.getSandboxPhone({ phone: phone ?? "" }, { signal }),
  });
}

export function useChats(phone: string | undefined) {
  return useQuery({
    queryKey: [SEEN, "chats", phone],
    enabled: phone !== undefined,
    queryFn: ({ signal }) => pombo.listSandboxChats({ phone: phone ?? "" }, { signal }),
  });
}

export function useChat(phone: string, chat: string) {
  return useInfiniteQuery({
    queryKey: [SEEN, "chat", phone, chat],
    initialPageParam: "",
    queryFn: ({ signal, pageParam: cursor }) =>
      pombo.listSandboxMessages(
        { phone, chat, limit: PAGE, ...(cursor === "" ? {} : { cursor }) },
        { signal },
      ),
    getNextPageParam: ({ next_cursor: next }) => next ?? undefined,
    maxPages: 10,
  });
}

/** What Pombo was given for this phone. */
export function useSent(phone: string) {
  return useQuery({
    queryKey: [SEEN, "sent", phone],
    refetchInterval: usePoll(SENT_MS),
    queryFn: ({ signal }) => pombo.listMessages({ to: phone, limit: SENT }, { signal }),
  });
}

export function useDevices() {
  return useQuery({
    queryKey: ["devices", "sandbox"],
    refetchInterval: usePoll(FAULTS_MS),
    queryFn: ({ signal }) => pombo.listDevices({ limit: 200 }, { signal }),
  });
}

/** The mark in the header looks at the same answer. */
export function useFaults() {
  return useQuery({
    queryKey: FAULTS,
    refetchInterval: usePoll(FAULTS_MS),
    queryFn: ({ signal }) => pombo.listSandboxFaults({}, { signal }),
  });
}

/** After an action of ours: everything is asked again at once. */
export function useAskAgain(): () => void {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: [SEEN] });
    void client.invalidateQueries({ queryKey: FAULTS });
  };
}

export function useStory(id: string | undefined) {
  const poll = usePoll(LOG_MS);
  const message = useQuery({
    queryKey: ["message", id],
    enabled: id !== undefined,
    refetchInterval: poll,
    queryFn: ({ signal }) => pombo.getMessage({ id: id ?? "" }, { signal }),
  });
  const log = useQuery({
    queryKey: ["sandbox-story", id],
    enabled: id !== undefined,
    refetchInterval: poll,
    queryFn: ({ signal }) => pombo.listSandboxLog({ message_id: id ?? "", limit: 200 }, { signal }),
  });
  return { message, log };
}
