// What happens when a run is late, long or fails.

import type { Form } from "./form.ts";
import { Choice } from "./schedule-box.tsx";

type Props = { form: Form; change: (change: Partial<Form>) => void };

/** The fields that are numbers. Without a label the unit names it. */
const NUMBERS = {
  queueMax: { label: "", unit: "at most" },
  timeoutMs: { label: "Time out", unit: "ms" },
  retries: { label: "Try again", unit: "times" },
  stopAfter: { label: "Stop after", unit: "in a row, 0 never" },
};

export function PolicyBox({ form, change }: Props) {
  const number = (name: keyof typeof NUMBERS) => (
    <NumberField
      {...NUMBERS[name]}
      id={name}
      value={form[name]}
      onInput={(text) => change({ [name]: text })}
    />
  );
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
          {form.overlap === "queue" && number("queueMax")}
        </div>
        {number("timeoutMs")}
      </section>
      <section>
        <h2>If it fails</h2>
        {number("retries")}
        {number("stopAfter")}
      </section>
    </>
  );
}

function NumberField(props: {
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
