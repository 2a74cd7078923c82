/**
 * The keys of a group of buttons of which one is chosen: one button takes the focus, and the arrow keys, Home and End
 * choose another one (the pattern "Radio Group" of the ARIA Authoring Practices Guide).
 *
 * @module
 */

/** The step of each arrow key. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
};

/** Makes the keys of a group choose its buttons, as a click does. Buttons that are disabled or hidden are passed over. */
export function takeArrowKeys(group: HTMLElement): void {
  group.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const usable = [...group.querySelectorAll<HTMLButtonElement>("button")]
      .filter((button) => !button.disabled && !button.hidden);
    const from = usable.indexOf(event.target as HTMLButtonElement);
    const to = targetOf(event.key, from, usable.length);
    if (to === undefined) return;
    event.preventDefault();
    // The same keys move through slices and change the opacity elsewhere on the page.
    event.stopPropagation();
    usable[to].click();
    usable[to].focus();
  });
}

/** Marks the chosen button of a group, which is the one that takes the focus. */
export function markChosen(button: HTMLButtonElement, isChosen: boolean): void {
  button.ariaChecked = String(isChosen);
  button.tabIndex = isChosen ? 0 : -1;
}

/** The index of the button that a key chooses; undefined for other keys. */
export function targetOf(key: string, from: number, count: number): number | undefined {
  if (from < 0) return undefined;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = STEPS[key];
  return step === undefined ? undefined : (from + step + count) % count;
}
