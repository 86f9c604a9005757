// What can be wrong with a scenario, a setting or a scheme, said so that its author can mend it.

export type ScenarioErrorCode =
  /** The scenario is not what it should be; `path` says where. */
  | 'BAD_SCENARIO'
  | 'NO_SUCH_SCENARIO'
  | 'NO_SUCH_SCHEME'
  /** A `--set` that names nothing, or gives no usable value. */
  | 'BAD_SETTING'

export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
  readonly code: ScenarioErrorCode
  /** Where in the scenario, as in `classes[1].upload`; or the name that was asked for. */
  readonly path: string
  constructor(code: ScenarioErrorCode, path: string, message: string) {
    super(message)
    this.code = code
    this.path = path
  }
}
