import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Paint } from "../host/theme.ts"

export interface TextWanted {
  readonly title: string
  readonly description?: string
  readonly placeholder?: string
  /** The text to begin with. */
  readonly value?: string | undefined
}

/**
 * Asks for one line of text. Resolves with the trimmed line, or with undefined when the dialog is
 * closed. An empty line is ignored.
 */
export function askFor(
  api: { readonly ui: Pick<TuiPluginApi["ui"], "dialog" | "DialogPrompt"> },
  paint: Paint,
  { title, description = "", placeholder = "A value is required", value }: TextWanted,
): Promise<string | undefined> {
  const { dialog, DialogPrompt } = api.ui
  return new Promise((resolve) => {
    dialog.replace(
      () => (
        <DialogPrompt
          title={title}
          placeholder={placeholder}
          {...(value === undefined ? {} : { value })}
          description={() => (
            <text fg={paint("muted")} wrapMode="word">
              {description}
            </text>
          )}
          onConfirm={(value) => {
            if (value.trim() !== "") resolve(value.trim())
          }}
        />
      ),
      () => resolve(undefined),
    )
  })
}
