export { createRoleLogins, type GrantOptions, type RoleKind, type RoleLogins } from './role-logins.ts';
