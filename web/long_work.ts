/**
 * Long work with its progress, its cancelling and its errors. One piece of work runs at a time.
 *
 * @module
 */

import { byId } from "./dom.ts";
import type { WorkWords } from "./error_words.ts";
import { showError, showMessage } from "./messages.ts";
import { ProgressPanel } from "./progress_panel.ts";
import type { RequestOptions } from "./worker_client.ts";

/** Options of {@link LongWork.run}. */
export interface WorkOptions {
  /** The first stage in words. */
  readonly stage: string;
  /** True if the progress has the parts of a registration. */
  readonly isRegistration: boolean;
  /** The words for its errors. */
  readonly words: WorkWords;
  /** Says what remains after the work was stopped. */
  readonly whenStopped: () => string;
  /** The work. It returns the last stage in words. */
  readonly body: (options: Required<RequestOptions>) => Promise<string>;
}

/** The place of long work in the page. */
export class LongWork {
  /** The progress. */
  readonly progress = new ProgressPanel();
  readonly #onChange: () => void;
  #running: AbortController | undefined;

  /**
   * Wires the button that stops the work.
   *
   * @param onChange - Is called when work begins and when it ends.
   */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
    byId("cancel").addEventListener("click", () => {
      byId("stage").textContent = "Stopping ...";
      this.#running?.abort();
    });
  }

  /** True while work runs. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Hides the progress of work that has ended. */
  forget(): void {
    if (!this.isRunning) this.progress.hide();
  }

  /** Runs work; an error is shown and not thrown. */
  async run({ stage, isRegistration, words, whenStopped, body }: WorkOptions): Promise<void> {
    const { progress } = this;
    const controller = new AbortController();
    this.#running = controller;
    showMessage(undefined);
    progress.begin(stage, isRegistration);
    this.#onChange();
    byId("progress").scrollIntoView({ block: "nearest" });
    try {
      const end = await body({
        signal: controller.signal,
        onProgress: (state) => {
          if (!controller.signal.aborted) progress.update(state);
        },
      });
      progress.end(end);
    } catch (error) {
      progress.hide();
      if (controller.signal.aborted) {
        showMessage({ title: "Stopped", paragraphs: [whenStopped()] }, false);
      } else showError(error, words);
    } finally {
      this.#running = undefined;
      this.#onChange();
    }
  }
}
