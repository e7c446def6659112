package runner

import (
	"context"
	"fmt"
	"iter"
	"math/bits"
	"slices"

	"golang.org/x/sync/errgroup"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/hidden"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/plan"
)

// reading is what the two reads are made into.
type reading struct {
	*execution
	planner *plan.Planner
	// schema is that of the source.
	schema directory.Schema
	// protected says which target entries nothing may be done to.
	protected protected
	present   presentSample
	// found counts all entries that the source gave, included those that are in scope.
	found, included map[directory.Kind]int64
	// watch is shown every entry of both sides when somebody wants one explained; nil in a run.
	watch func(side end, entry *directory.Entry)
}

func (r *reading) see(side end, entry *directory.Entry) {
	if r.watch != nil {
		r.watch(side, entry)
	}
}

// presentSample are IDs of source entries that were found, spread over the read.
type presentSample map[directory.Kind][]string

// note keeps the ID of the n-th entry when n is a power of two: few, and from all parts of the read.
func (s presentSample) note(kind directory.Kind, n int64, id string) {
	if bits.OnesCount64(uint64(n)) == 1 {
		s[kind] = append(s[kind], id)
	}
}

// read reads both ends, each its departments and then its users, and feeds the planner. Only two complete reads let the run go on.
func (e *execution) read(ctx context.Context) (*reading, error) {
	r, err := e.prepareReading(ctx)
	if err != nil {
		return nil, err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return e.noted(sourceEnd, r.readSource(groupCtx)) })
	group.Go(func() error { return e.noted(targetEnd, r.readTarget(groupCtx)) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	e.Log.Info("both directories are read", "sourceUsers", r.found[directory.User], "sourceDepartments", r.found[directory.Department])
	return r, nil
}

// prepareReading compiles what the definition says about entries.
func (e *execution) prepareReading(ctx context.Context) (*reading, error) {
	sourceSchema, err := e.source.Schema(ctx)
	if err != nil {
		return nil, e.noted(sourceEnd, err)
	}
	targetSchema, err := e.target.Schema(ctx)
	if err != nil {
		return nil, e.noted(targetEnd, err)
	}
	able := e.target.Capabilities()
	e.mapper, err = compileMapping(&e.definition.TaskSpec, sourceSchema, targetSchema, able)
	if err != nil {
		return nil, err
	}
	protected, err := compileProtected(e.definition.TaskSpec.Protected, targetSchema)
	if err != nil {
		return nil, err
	}
	return &reading{
		execution: e, schema: sourceSchema, protected: protected,
		planner: plan.New(planOptions(&e.definition, e.mapper, able, e.state, e.Now())),
		present: presentSample{}, found: map[directory.Kind]int64{}, included: map[directory.Kind]int64{},
	}, nil
}

// follow tells the target which fields the task uses, when this attempt goes on with a plan and reads nothing.
func (e *execution) follow(ctx context.Context) error {
	mover, ok := e.target.(connector.Mover)
	if !ok {
		return nil
	}
	if err := e.needMapper(ctx); err != nil {
		return err
	}
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		if err := mover.Follow(ctx, kind, e.mapper.TargetFields(kind)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) readSource(ctx context.Context) error {
	departments, err := all(r.source.Departments(ctx, r.mapper.SourceFields(directory.Department)))
	if err != nil {
		return fmt.Errorf("reading the departments: %w", err)
	}
	if err := r.addDepartments(departments); err != nil {
		return err
	}
	fields := union(r.mapper.SourceFields(directory.User), r.chosen.Fields())
	for entry, err := range r.source.Users(ctx, fields) {
		if err != nil {
			return fmt.Errorf("reading the users: %w", err)
		}
		r.found[directory.User]++
		if err := r.addSource(&entry); err != nil {
			return err
		}
	}
	return nil
}

// addDepartments needs all departments at once, since the place of one in the tree decides its scope.
func (r *reading) addDepartments(entries []directory.Entry) error {
	r.found[directory.Department] = int64(len(entries))
	tree := treeOf(entries)
	var err error
	if r.chosen, err = compileScope(&r.definition, tree, r.schema); err != nil {
		return err
	}
	names := map[string]string{}
	for i := range entries {
		names[entries[i].ID] = entries[i].Name
		if err := r.addSource(&entries[i]); err != nil {
			return err
		}
	}
	for _, problem := range tree.Problems() {
		if err := r.planner.AddUnknown(directory.Department, problem.ID, names[problem.ID], problem.Err); err != nil {
			return err
		}
	}
	return nil
}

// addSource gives a source entry to the planner: mapped when it is in scope, as unknown when that cannot be told.
func (r *reading) addSource(entry *directory.Entry) error {
	_, err := r.take(entry)
	return err
}

// take is addSource, and answers with the form that the planner got, if it got one.
func (r *reading) take(entry *directory.Entry) (*mapping.Form, error) {
	r.see(sourceEnd, entry)
	in, err := r.includes(entry)
	if err != nil {
		return nil, r.addUnknown(entry, err)
	}
	if !in {
		return nil, nil
	}
	r.included[entry.Kind]++
	r.present.note(entry.Kind, r.included[entry.Kind], entry.ID)
	form, err := r.mapper.Map(*entry)
	if err != nil {
		return nil, r.addUnknown(entry, err)
	}
	return &form, r.planner.AddSource(&form)
}

func (r *reading) readTarget(ctx context.Context) error {
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		if err := r.readTargetKind(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) readTargetKind(ctx context.Context, kind directory.Kind) error {
	fields := union(r.mapper.TargetFields(kind), r.protected.fields(kind))
	for entry, err := range entriesOf(ctx, r.target, kind, fields) {
		if err != nil {
			return fmt.Errorf("reading the entries of kind %s: %w", kind, err)
		}
		if err := r.addTarget(&entry); err != nil {
			return err
		}
	}
	return nil
}

// addTarget gives a target entry to the planner. One of which it cannot be told whether it is protected is unknown, and left alone.
func (r *reading) addTarget(entry *directory.Entry) error {
	r.see(targetEnd, entry)
	protected, err := false, entry.Err
	if err == nil {
		protected, err = r.protected.holds(entry)
	}
	if err != nil {
		return r.planner.AddUnknownTarget(entry.Kind, entry.ID, entry.Name, hidden.Error(err, r.mapper.SecretsOfTarget(entry)))
	}
	if protected {
		r.planner.Protect(entry.Kind, entry.ID)
	}
	form := r.mapper.Observe(*entry)
	return r.planner.AddTarget(&form)
}

func entriesOf(ctx context.Context, from connector.Source, kind directory.Kind, fields []string) iter.Seq2[directory.Entry, error] {
	if kind == directory.Department {
		return from.Departments(ctx, fields)
	}
	return from.Users(ctx, fields)
}

func all(entries iter.Seq2[directory.Entry, error]) ([]directory.Entry, error) {
	var list []directory.Entry
	for entry, err := range entries {
		if err != nil {
			return nil, err
		}
		list = append(list, entry)
	}
	return list, nil
}

// union is the names of both lists, each once.
func union(a, b []string) []string {
	names := slices.Concat(a, b)
	slices.Sort(names)
	return slices.Compact(names)
}
