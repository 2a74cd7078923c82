/** The function `random` of random.ts. */
export { random } from "./random.ts";
