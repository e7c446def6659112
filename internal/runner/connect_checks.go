package runner

import (
	"fmt"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
)

// checker prepares the check of one end. Preparing reads what is mounted and calls nobody.
type checker func(Connectors, *v1alpha1.SyncTaskSpec, func() time.Time) (connector.Checker, error)

// The checks that there are, by the type of the connector.
var (
	sourceChecks = map[v1alpha1.ConnectorType]checker{
		v1alpha1.ConnectorLDAP: func(mounts Connectors, spec *v1alpha1.SyncTaskSpec, now func() time.Time) (connector.Checker, error) {
			config, err := mounts.ldapSource(&spec.Sources[0])
			return ldap.NewSourceChecker(config, now), err
		},
	}
	targetChecks = map[v1alpha1.ConnectorType]checker{
		v1alpha1.ConnectorLDAP: func(mounts Connectors, spec *v1alpha1.SyncTaskSpec, now func() time.Time) (connector.Checker, error) {
			config, err := mounts.ldapTarget(&spec.Target, &spec.Execution)
			return ldap.NewTargetChecker(config, now), err
		},
	}
)

// checkerOf finds the check of one end.
func (c Connectors) checkerOf(which end, spec *v1alpha1.SyncTaskSpec, now func() time.Time) (connector.Checker, error) {
	checks, kind := sourceChecks, spec.Sources[0].Type
	if which == targetEnd {
		checks, kind = targetChecks, spec.Target.Type
	}
	prepare, ok := checks[kind]
	if !ok {
		return nil, &failure{v1alpha1.ReasonInvalidConnection, fmt.Sprintf("this version has no connector %q", kind)}
	}
	return prepare(c, spec, now)
}

// secretOf is the Secret that an end logs in with, or nil.
func secretOf(which end, spec *v1alpha1.SyncTaskSpec) *v1alpha1.SecretReference {
	switch {
	case which == sourceEnd && spec.Sources[0].LDAP != nil:
		return spec.Sources[0].LDAP.CredentialsSecretRef
	case which == targetEnd && spec.Target.LDAP != nil:
		return spec.Target.LDAP.CredentialsSecretRef
	}
	return nil
}
