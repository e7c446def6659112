package guard

import "fmt"

// stateRebuilt holds the removals of the first run after the state was lost: its links were found by matching, which proves nothing.
func stateRebuilt(_ Limits, f Facts) *Finding {
	if !f.StateRebuilt || f.removals() == 0 {
		return nil
	}
	return &Finding{
		StateRebuilt,
		fmt.Sprintf("the run would remove %s, but what the task knew of earlier runs was lost, and its links were found again by matching, which is no proof that an entry is ours",
			counted(f.removals(), "entry", "entries")),
		waysOnHeld(f),
	}
}

// definitionChanged holds the removals of the first run with an edited task: whoever is missing may be missing because of the edit.
func definitionChanged(_ Limits, f Facts) *Finding {
	if !f.DefinitionChanged || f.removals() == 0 {
		return nil
	}
	return &Finding{
		DefinitionChanged,
		fmt.Sprintf("the run would remove %s, but source, target, scope, mappings, matching, protection or deletion of the task differ "+
			"from the last run that finished its removals, so that may come from the edit", counted(f.removals(), "entry", "entries")),
		waysOnHeld(f),
	}
}
