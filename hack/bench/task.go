package main

import (
	"context"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/runner"
)

const secretName = "directory"

// taskSpec is the task that is measured.
func taskSpec(sourceURL, targetURL string) v1alpha1.SyncTaskSpec {
	users := func(base string) v1alpha1.LDAPUsers {
		return v1alpha1.LDAPUsers{
			BaseDN: base, Filter: userFilter,
			DepartmentAttribute: &v1alpha1.LDAPDepartmentAttribute{Name: departmentAttribute, Holds: v1alpha1.DepartmentByDN},
		}
	}
	connection := func(url string) v1alpha1.LDAPConnection {
		return v1alpha1.LDAPConnection{URLs: []string{url}, CredentialsSecretRef: &v1alpha1.SecretReference{Name: secretName}}
	}
	spec := v1alpha1.SyncTaskSpec{
		Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
			LDAPConnection: connection(sourceURL), Users: users(sourcePeople), Departments: &v1alpha1.LDAPDepartments{BaseDN: sourceOrg, Filter: departmentFilter},
		}}},
		Target: v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
			LDAPConnection: connection(targetURL),
			Users:          v1alpha1.LDAPTargetUsers{LDAPUsers: users(slapdtest.People), Mark: markAttribute},
			Departments:    &v1alpha1.LDAPTargetDepartments{LDAPDepartments: v1alpha1.LDAPDepartments{BaseDN: slapdtest.Org, Filter: departmentFilter}},
		}},
		Mappings: v1alpha1.Mappings{Users: copies(userFields), Departments: copies(departmentFields)},
	}
	// What is measured is how fast it can be, so the limit that spares a server is out of the way.
	spec.Execution.Concurrency = connections
	spec.Execution.RateLimit.QPS, spec.Execution.RateLimit.Burst = 1_000_000, 1_000_000
	return spec
}

func copies(fields []string) []v1alpha1.Mapping {
	rows := make([]v1alpha1.Mapping, len(fields))
	for i, field := range fields {
		rows[i] = v1alpha1.Mapping{To: v1alpha1.FieldName(field), From: v1alpha1.FieldName(field)}
	}
	return rows
}

// storeDefinition does what the manager does before a run: it stores what the run executes.
func storeDefinition(ctx context.Context, store artifact.Store, sequence int64, uid types.UID, spec v1alpha1.SyncTaskSpec) error {
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: "bench", Name: "bench"}, Spec: spec}
	run := &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Namespace: "bench", Name: string(uid), UID: uid}}
	data, err := definition.New(task, run, sequence).Encode()
	if err != nil {
		return err
	}
	_, err = artifacttest.WriteAll(ctx, store, artifact.Scope{Run: string(uid)}, definition.Stream, data)
	return err
}

// mountSecret does what the kubelet does: it makes files of the Secret that the task names.
func mountSecret(folder string) (runner.Connectors, error) {
	mounts := runner.Connectors{Secrets: filepath.Join(folder, "secrets"), ConfigMaps: filepath.Join(folder, "configmaps")}
	secret := filepath.Join(mounts.Secrets, secretName)
	if err := os.MkdirAll(secret, 0o700); err != nil {
		return mounts, err
	}
	for key, value := range map[string]string{"username": slapdtest.AdminDN, "password": slapdtest.AdminPassword} {
		if err := os.WriteFile(filepath.Join(secret, key), []byte(value), 0o600); err != nil {
			return mounts, err
		}
	}
	return mounts, nil
}
