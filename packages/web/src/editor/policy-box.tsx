// What happens when a run is late, long or fails.

import type { Form } from "./form.ts";
import { Choice } from "./schedule-box.tsx";

type Props = { form: Form; change: (change: Partial<Form>) => void };

export function PolicyBox({ form, change }: Props) {
  return (
    <>
      <section>
        <h2>If it is late or long</h2>
        <div class="fld">
          <span class="lb">Overlap</span>
          <Choice
            label="When a run is still going"
            value={form.overlap}
            options={[
              ["skip", "Skip"],
              ["queue", "Queue"],
            ]}
            onChoose={(overlap) => change({ overlap })}
          />
          {form.overlap === "queue" && (
            <Small
              id="queue"
              label=""
              unit="at most"
              value={form.queueMax}
              onInput={(queueMax) => change({ queueMax })}
            />
          )}
        </div>
        <Small
          id="timeout"
          label="Time out"
          unit="ms"
          value={form.timeoutMs}
          onInput={(timeoutMs) => change({ timeoutMs })}
        />
      </section>
      <section>
        <h2>If it fails</h2>
        <Small
          id="retries"
          label="Try again"
          unit="times"
          value={form.retries}
          onInput={(retries) => change({ retries })}
        />
        <Small
          id="stopafter"
          label="Stop after"
          unit="in a row, 0 never"
          value={form.stopAfter}
          onInput={(stopAfter) => change({ stopAfter })}
        />
      </section>
    </>
  );
}

function Small(props: {
  id: string;
  label: string;
  unit: string;
  value: string;
  onInput: (value: string) => void;
}) {
  const { id, label, unit } = props;
  return (
    <div class="fld">
      {label && <label for={id}>{label}</label>}
      <span class="inp">
        <input
          id={id}
          aria-label={label ? undefined : unit}
          size={7}
          inputMode="numeric"
          value={props.value}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
        <span>{unit}</span>
      </span>
    </div>
  );
}
