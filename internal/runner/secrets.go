package runner

import (
	"context"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/hidden"
	"synccenter.dev/synccenter/internal/mapping"
)

// secrets looks up what the sensitive fields of source entries are to be, just before they are written: the plan does not hold it.
func (e *execution) secrets(ctx context.Context, kind directory.Kind, ids []string) (map[string]directory.Attributes, error) {
	if err := e.needScope(ctx); err != nil { // a row may ask for the departments
		return nil, err
	}
	if err := e.needMapper(ctx); err != nil {
		return nil, err
	}
	entries, err := e.source.Lookup(ctx, kind, ids, e.mapper.SourceFields(kind))
	if err != nil {
		return nil, err
	}
	found := make(map[string]directory.Attributes, len(entries))
	for i := range entries {
		// Of an entry that cannot be mapped any more nothing is written. The next run says why.
		if values, err := e.mapper.MapSensitive(entries[i]); err == nil {
			found[entries[i].ID] = values
		}
	}
	return found, nil
}

// needMapper prepares the mapping when this attempt goes on with a plan and has read nothing yet.
func (e *execution) needMapper(ctx context.Context) error {
	e.preparing.Lock()
	defer e.preparing.Unlock()
	if e.mapper != nil {
		return nil
	}
	source, err := e.source.Schema(ctx)
	if err != nil {
		return err
	}
	target, err := e.target.Schema(ctx)
	if err != nil {
		return err
	}
	e.mapper, err = compileMapping(&e.definition.TaskSpec, source, target, e.target.Capabilities())
	return err
}

// compileMapping prepares the task's mapping.
func compileMapping(spec *v1alpha1.SyncTaskSpec, source, target directory.Schema, able directory.Capabilities) (*mapping.Mapper, error) {
	mapper, err := mapping.Compile(mappingOf(spec, source, target, able), source, target, able)
	if err != nil {
		return nil, &failure{v1alpha1.ReasonInvalidDefinition, err.Error()}
	}
	return mapper, nil
}

// addUnknown gives the planner a source entry of which nothing can be told, and says why without telling what is sensitive.
func (r *reading) addUnknown(entry *directory.Entry, err error) error {
	return r.planner.AddUnknown(entry.Kind, entry.ID, entry.Name, hidden.Error(err, r.mapper.SecretsOfSource(entry)))
}
