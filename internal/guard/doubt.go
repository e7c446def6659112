package guard

// stateRebuilt holds the removals of the first run after the state was lost: its links were found by matching, which proves nothing.
func stateRebuilt(_ Limits, f Facts) *Finding {
	if !f.StateRebuilt || f.RemovalsUsers+f.RemovalsDepartments == 0 {
		return nil
	}
	return &Finding{StateRebuilt, "what the task knew of earlier runs was lost, and its links were found again by matching, which is no proof that an entry is ours. " +
		waysOnHeld("")}
}

// definitionChanged holds the removals of the first run with an edited task: whoever is missing may be missing because of the edit.
func definitionChanged(_ Limits, f Facts) *Finding {
	if !f.DefinitionChanged || f.RemovalsUsers+f.RemovalsDepartments == 0 {
		return nil
	}
	return &Finding{DefinitionChanged, "source, target, scope, mappings, matching or deletion of the task differ from the last run that finished its removals, " +
		"so these removals may come from the edit. " + waysOnHeld("")}
}
