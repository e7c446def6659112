package runner

import (
	"context"
	"fmt"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
)

func openLDAPSource(ctx context.Context, mounts Connectors, source *v1alpha1.Source, _ *v1alpha1.Execution) (connector.Source, error) {
	config, err := mounts.ldapSource(source)
	if err != nil {
		return nil, err
	}
	opened, err := ldap.NewSource(ctx, config)
	if err != nil {
		return nil, namingSecret(source.LDAP.CredentialsSecretRef, err)
	}
	return opened, nil
}

func openLDAPTarget(ctx context.Context, mounts Connectors, target *v1alpha1.Target, execution *v1alpha1.Execution) (connector.Target, error) {
	config, err := mounts.ldapTarget(target, execution)
	if err != nil {
		return nil, err
	}
	opened, err := ldap.NewTarget(ctx, config)
	if err != nil {
		return nil, namingSecret(target.LDAP.CredentialsSecretRef, err)
	}
	return opened, nil
}

// ldapSource is the configuration of a source, with what is mounted.
func (c Connectors) ldapSource(source *v1alpha1.Source) (ldap.Config, error) {
	config, err := c.ldapConnection(&source.LDAP.LDAPConnection)
	if err != nil {
		return config, err
	}
	config.Users = ldapUsers(&source.LDAP.Users)
	if source.LDAP.Departments != nil {
		config.Departments = ldapDepartments(source.LDAP.Departments)
	}
	return config, nil
}

// ldapTarget is the configuration of a target, with what is mounted.
func (c Connectors) ldapTarget(target *v1alpha1.Target, execution *v1alpha1.Execution) (ldap.Config, error) {
	config, err := c.ldapConnection(&target.LDAP.LDAPConnection)
	if err != nil {
		return config, err
	}
	users := &target.LDAP.Users
	config.Concurrency = int(execution.Concurrency)
	config.Users = ldapUsers(&users.LDAPUsers)
	config.Users.ObjectClasses, config.Users.RDN, config.Users.Mark = texts(users.ObjectClasses), string(users.RDN), string(users.Mark)
	if disable := users.Disable; disable != nil {
		config.Users.Disable = &ldap.Disable{Attribute: string(disable.Attribute), Disabled: disable.Disabled, Enabled: disable.Enabled}
	}
	if departments := target.LDAP.Departments; departments != nil {
		config.Departments = ldapDepartments(&departments.LDAPDepartments)
		config.Departments.ObjectClasses = texts(departments.ObjectClasses)
		config.Departments.RDN, config.Departments.Mark = string(departments.RDN), string(departments.Mark)
		config.Departments.Placeholder = departments.Placeholder
	}
	return config, nil
}

// namingSecret says in the error of a refused login which Secret the login came from.
func namingSecret(secret *v1alpha1.SecretReference, err error) error {
	if secret == nil || connector.ClassOf(err) != connector.Credentials {
		return err
	}
	return fmt.Errorf("with the login of Secret %q: %w", secret.Name, err)
}

// ldapConnection says how a server is reached, with what is mounted.
func (c Connectors) ldapConnection(connection *v1alpha1.LDAPConnection) (ldap.Config, error) {
	config := ldap.Config{URLs: connection.URLs, StartTLS: connection.StartTLS, Referrals: ldap.Referrals(connection.Referrals)}
	var err error
	config.Anonymous = connection.CredentialsSecretRef == nil
	if secret := connection.CredentialsSecretRef; secret != nil {
		if err := c.mayBeSent(secret.Name, connection.URLs); err != nil {
			return config, err
		}
		if config.BindDN, config.Password, err = c.login(secret.Name); err != nil {
			return config, err
		}
	}
	if bundle := connection.CABundleRef; bundle != nil {
		config.CA, err = c.configMap(bundle.Name, bundle.Key)
	}
	return config, err
}

func ldapUsers(users *v1alpha1.LDAPUsers) ldap.Users {
	config := ldap.Users{BaseDN: users.BaseDN, Filter: users.Filter, Layout: ldap.Layout(users.Layout)}
	if attribute := users.DepartmentAttribute; attribute != nil {
		config.DepartmentAttribute = &ldap.DepartmentAttribute{Name: string(attribute.Name), Holds: ldap.Holds(attribute.Holds)}
	}
	return config
}

func ldapDepartments(departments *v1alpha1.LDAPDepartments) ldap.Departments {
	return ldap.Departments{
		Type: ldap.DepartmentType(departments.Type), BaseDN: departments.BaseDN, Filter: departments.Filter,
		MemberAttribute: string(departments.MemberAttribute), LeaderAttribute: string(departments.LeaderAttribute),
	}
}

func texts(names []v1alpha1.AttributeName) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = string(name)
	}
	return list
}
