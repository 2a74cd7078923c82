/**
 * Short ways to find and make elements.
 *
 * @module
 */

/**
 * The element with an id.
 *
 * @throws {Error} when the page has no such element: the page and its program do not belong together.
 */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element "${id}"`);
  return found as T;
}

/**
 * A new element.
 *
 * @param properties - Properties of the element, such as `className`.
 * @param children - Its content, in order.
 */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
