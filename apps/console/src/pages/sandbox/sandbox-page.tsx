import { useSearchState } from "../../ui/use-search-state.ts";
import { Empty } from "../../ui/async.tsx";
import { Page } from "../../ui/page.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ChatPanel } from "./chat-panel.tsx";
import { FaultsPanel } from "./faults-panel.tsx";
import { PhonesPanel } from "./phones-panel.tsx";
import styles from "./sandbox.module.css";
import { StoryPanel } from "./story-panel.tsx";
import { useChats, useDevices, useLogTail, usePhones, usePlace } from "./use-sandbox.ts";

/** What does the recipient see when things break? */
export function SandboxPage() {
  const [place, go] = usePlace();
  const [search, change] = useSearchState();
  useLogTail();
  const phones = usePhones();
  const devices = useDevices();
  const ofDevices = new Set(devices.data?.devices.flatMap(({ phone_number: n }) => n ?? []));
  const first = phones.data?.phones.find(({ phone }) => !ofDevices.has(phone));
  const phone = place.phone ?? first?.phone;
  const chats = useChats(phone);
  const partner = chats.data?.chats[0]?.chat ?? [...ofDevices].find((number) => number !== phone);
  const chat = place.chat ?? partner;
  const open = {
    ...(phone === undefined ? {} : { phone }),
    ...(chat === undefined ? {} : { chat }),
  };
  const tell = (message: string): void => change({ message }, { push: true });
  return (
    <Page title="Sandbox">
      <p>
        A WhatsApp of its own: what Pombo sends arrives on these phones, and nowhere else. Switch a
        fault on, send, and see what becomes of the message.
      </p>
      <div className={styles.columns}>
        <div className={styles.beside}>
          <PhonesPanel phones={phones} devices={devices.data?.devices ?? []} place={open} go={go} />
          <FaultsPanel place={open} />
        </div>
        {phone === undefined || chat === undefined ? (
          <Panel title="Chat">
            <Empty title="No phone is in hand.">
              <p>Choose a phone, or add one. A chat needs a device that is paired.</p>
            </Empty>
          </Panel>
        ) : (
          <ChatPanel
            key={`${phone}/${chat}`}
            place={{ phone, chat }}
            chats={chats.data?.chats ?? []}
            devices={devices.data?.devices ?? []}
            go={go}
            told={search.message}
            tell={tell}
          />
        )}
        <StoryPanel id={search.message} />
      </div>
    </Page>
  );
}
