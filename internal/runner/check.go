package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/expression"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/report"
)

// endCheck is the check of one end as it goes on.
type endCheck struct {
	which   end
	spec    *v1alpha1.SyncTaskSpec
	checker connector.Checker
	steps   []inspection.Step
	// reason and message are those of the first step that failed.
	reason  v1alpha1.Reason
	message string
}

// check proves what a run needs of both ends. Neither end keeps the other from being checked.
func (i *Inspector) check(ctx context.Context, spec *v1alpha1.SyncTaskSpec) inspection.Check {
	source, target := &endCheck{which: sourceEnd, spec: spec}, &endCheck{which: targetEnd, spec: spec}
	both := func(do func(*endCheck)) {
		var ends sync.WaitGroup
		ends.Go(func() { do(source) })
		ends.Go(func() { do(target) })
		ends.Wait()
	}
	both(func(e *endCheck) { e.reach(ctx, i) })
	fields := checkDefinition(source, target, spec)
	both(func(e *endCheck) { e.use(ctx, fields[e.which]) })
	return inspection.Check{Source: source.answer(), Target: target.answer()}
}

// reach reads what is mounted and connects.
func (e *endCheck) reach(ctx context.Context, i *Inspector) {
	begin := i.Now()
	checker, err := i.Connect.checkerOf(e.which, e.spec, i.Now)
	var failed *failure
	switch {
	case errors.As(err, &failed):
		e.fail("settings", failed.reason, failed.message)
		return
	case err != nil:
		e.fail("settings", endReason(err), err.Error())
		return
	}
	if secret := secretOf(e.which, e.spec); secret != nil {
		e.steps = append(e.steps, inspection.Step{
			Name: "Secret", Mark: inspection.Passed, Message: fmt.Sprintf("Secret %q has username and password", secret.Name), Milliseconds: i.Now().Sub(begin).Milliseconds(),
		})
	}
	e.checker = checker
	e.add(checker.Reach(ctx))
}

// use tries the rights on entries, unless something before failed.
func (e *endCheck) use(ctx context.Context, fields map[directory.Kind][]string) {
	if e.checker == nil {
		return
	}
	if e.reached() {
		e.add(e.checker.Use(ctx, fields))
	}
	if err := e.checker.Close(); err != nil {
		e.steps = append(e.steps, inspection.Step{Name: "end", Mark: inspection.Warning, Message: err.Error()})
	}
}

// reached says whether the directory itself can be used, whatever else is wrong with the task.
func (e *endCheck) reached() bool {
	return e.checker != nil && (e.reason == "" || e.reason == v1alpha1.ReasonInvalidDefinition)
}

var marks = map[connector.Mark]inspection.Mark{
	connector.Passed: inspection.Passed, connector.Failed: inspection.Failed, connector.Warning: inspection.Warning, connector.Skipped: inspection.Skipped,
}

// add takes the steps of a connector over.
func (e *endCheck) add(steps []connector.Step) {
	for _, step := range steps {
		if step.Mark == connector.Failed {
			secret := secretOf(e.which, e.spec)
			if step.Class == connector.Credentials && secret != nil {
				step.Message = fmt.Sprintf("with the login of Secret %q: %s", secret.Name, step.Message)
			}
			e.fail(step.Name, reasonOf(step.Class), step.Message)
			e.steps[len(e.steps)-1].Milliseconds = step.Duration.Milliseconds()
			continue
		}
		e.steps = append(e.steps, inspection.Step{Name: step.Name, Mark: marks[step.Mark], Message: step.Message, Milliseconds: step.Duration.Milliseconds()})
	}
}

// reasonOf is the reason of the conditions SourceReady and TargetReady for a class.
func reasonOf(class connector.Class) v1alpha1.Reason {
	return endReason(&connector.Error{Class: class, Err: errors.New("")})
}

func (e *endCheck) fail(name string, reason v1alpha1.Reason, message string) {
	e.steps = append(e.steps, inspection.Step{Name: name, Mark: inspection.Failed, Message: message})
	if e.reason == "" {
		e.reason, e.message = reason, message
	}
}

// answer sums the steps up, as a run would report the end.
func (e *endCheck) answer() inspection.End {
	result := inspection.End{Steps: e.steps, Endpoint: report.Endpoint{Reason: string(e.reason), Message: e.message}}
	if e.reason != "" {
		result.Message = fmt.Sprintf("%s: %s", e.which, e.message)
		return result
	}
	result.Reason, result.Message = string(v1alpha1.ReasonConnected), fmt.Sprintf("The %s gave all that a run needs.", e.which)
	for _, step := range e.steps {
		if step.Mark == inspection.Warning {
			result.Message += fmt.Sprintf(" Warning: %s.", step.Message)
		}
	}
	return result
}

// checkDefinition compiles what the task says against the schemas of both ends. What does not fit shows at the target, but for the scope's
// filter, which is about the source. It answers with the fields that a run reads at each end.
func checkDefinition(source, target *endCheck, spec *v1alpha1.SyncTaskSpec) map[end]map[directory.Kind][]string {
	fields := map[end]map[directory.Kind][]string{sourceEnd: {}, targetEnd: {}}
	if !source.reached() || !target.reached() {
		return fields
	}
	sourceSchema, targetSchema, able := source.checker.Schema(), target.checker.Schema(), target.checker.Capabilities()
	mapper, err := mapping.Compile(mappingOf(spec, sourceSchema, targetSchema, able), sourceSchema, targetSchema, able)
	target.judge("mappings", "the mappings and the matching rules fit both schemas", err)
	_, err = compileProtected(spec.Protected, targetSchema)
	if spec.Protected != (v1alpha1.Protected{}) {
		target.judge("protected", "the filter fits the schema", err)
	}
	var filter []string
	if text := spec.Scope.Users.Filter; text != "" {
		compiled, err := expression.CompileFilter(directory.User, text, sourceSchema)
		source.judge("scope.users.filter", "the filter fits the schema", err)
		if err == nil {
			filter = compiled.Fields()
		}
	}
	if mapper == nil {
		return fields
	}
	for _, kind := range []directory.Kind{directory.User, directory.Department} {
		fields[sourceEnd][kind] = mapper.SourceFields(kind)
		fields[targetEnd][kind] = mapper.TargetFields(kind)
	}
	fields[sourceEnd][directory.User] = union(fields[sourceEnd][directory.User], filter)
	return fields
}

// judge adds a step about the definition.
func (e *endCheck) judge(name, fine string, err error) {
	if err != nil {
		e.fail(name, v1alpha1.ReasonInvalidDefinition, err.Error())
		return
	}
	e.steps = append(e.steps, inspection.Step{Name: name, Mark: inspection.Passed, Message: fine})
}
