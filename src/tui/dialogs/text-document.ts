import type { Tone } from "../state/view-model.ts"

/** A document for the text dialog: facts as a two-column list, then texts under headings. */
export interface TextDocument {
  readonly title: string
  readonly tone: Tone
  readonly facts: readonly { readonly label: string; readonly value: string; readonly tone: Tone }[]
  readonly sections: readonly TextSection[]
}

export interface TextSection {
  readonly heading?: string
  /** Muted when undefined. */
  readonly headingTone?: Tone
  /** Leaves no blank line above, and indents the text under its heading. */
  readonly isRow?: true
  readonly text: string
  readonly tone: Tone
}
