/** How a plan is shown, and whether there is more to come than that. */
export const planShown = {
  diff: { alias: 'D', type: 'boolean', default: false, describe: 'Show changed settings, old and new' },
  'detailed-exitcode': {
    type: 'boolean',
    default: false,
    describe: 'With plan or --check: exit 3 when the plan has changes',
  },
} as const;

export const showingPlan = {
  check: { alias: 'C', type: 'boolean', default: false, describe: 'Change nothing: show the plan' },
  ...planShown,
} as const;

export interface PlanShownArgs {
  readonly diff: boolean;
  readonly 'detailed-exitcode': boolean;
}

export interface ShowingPlanArgs extends PlanShownArgs {
  readonly check: boolean;
}
