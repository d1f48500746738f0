/** Small texts in a place outside both sites. Keys are slash-separated. */
export interface ControlStore {
  /** The address in words, without secrets. */
  readonly address: string;
  /** Makes an object durably; false when there is one already: of two that try at once exactly one gets true. */
  create(key: string, text: string): Promise<boolean>;
  replace(key: string, text: string): Promise<void>;
  /** The text of an object; null when there is none. */
  read(key: string): Promise<string | null>;
  /** Keys below a prefix (a "folder" with its trailing slash), sorted. */
  list(prefix: string): Promise<string[]>;
  /** Removes an object; one that is not there is no error. */
  remove(key: string): Promise<void>;
}
