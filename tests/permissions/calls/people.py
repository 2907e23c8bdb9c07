"""Calls of the services of people and of their accounts."""

from __future__ import annotations

from helpdesk.accounts.services import passwords, user_accounts
from helpdesk.configuration.models import QuickNote
from helpdesk.people.models import UserAccount
from helpdesk.people.services import agents, departments, end_users, notes, organizations, roles, teams
from tests.factories import DepartmentFactory, RoleFactory
from tests.permissions.world import Call, World

PEOPLE, ACCOUNTS = "helpdesk.people.services", "helpdesk.accounts.services"
OTHER_ADDRESS = "other@customer.test"


def _note(world: World) -> QuickNote:
    return notes.add_note(world.owner, "x", actor=World(world.numbers, "system").actor)


def _with_second_address(world: World) -> World:
    end_users.add_address(world.owner, OTHER_ADDRESS, actor=World(world.numbers, "system").actor)
    return world


def _unconfirmed(world: World) -> World:
    UserAccount.objects.filter(user=world.owner).update(status=0)
    return world


CALLS: dict[str, Call] = {
    f"{PEOPLE}.agents.create_agent": lambda w: agents.create_agent(
        "newcomer", email="newcomer@acme.test", department=w.department, role=w.role, actor=w.actor
    ),
    f"{PEOPLE}.agents.delete_agent": lambda w: agents.delete_agent(w.agent, actor=w.actor),
    f"{PEOPLE}.agents.remove_department_access": lambda w: agents.remove_department_access(
        w.agent, w.support, actor=w.actor
    ),
    f"{PEOPLE}.agents.set_agent_permissions": lambda w: agents.set_agent_permissions(w.agent, [], actor=w.actor),
    f"{PEOPLE}.agents.set_department_access": lambda w: agents.set_department_access(
        w.agent, w.support, w.role, actor=w.actor
    ),
    f"{PEOPLE}.agents.set_primary_department": lambda w: agents.set_primary_department(
        w.agent, w.support, w.role, actor=w.actor
    ),
    f"{PEOPLE}.agents.store_agent": lambda w: agents.store_agent(
        agents.AgentDraft(
            username="newcomer", email="newcomer@acme.test", department_id=w.department.pk, role_id=w.role.pk
        ),
        actor=w.actor,
    ),
    f"{PEOPLE}.departments.create_department": lambda w: departments.create_department("New", actor=w.actor),
    f"{PEOPLE}.departments.delete_department": lambda w: departments.delete_department(
        DepartmentFactory.new(), actor=w.actor
    ),
    f"{PEOPLE}.departments.move_department": lambda w: departments.move_department(
        w.department, w.support, actor=w.actor
    ),
    f"{PEOPLE}.departments.rename_department": lambda w: departments.rename_department(
        w.department, "Renamed", actor=w.actor
    ),
    f"{PEOPLE}.departments.store_department": lambda w: departments.store_department(
        departments.DepartmentDraft(name="New"), actor=w.actor
    ),
    f"{PEOPLE}.end_users.add_address": lambda w: end_users.add_address(w.owner, OTHER_ADDRESS, actor=w.actor),
    f"{PEOPLE}.end_users.change_end_user": lambda w: end_users.change_end_user(w.owner, name="New", actor=w.actor),
    f"{PEOPLE}.end_users.create_end_user": lambda w: end_users.create_end_user("new@customer.test", actor=w.actor),
    f"{PEOPLE}.end_users.delete_end_user": lambda w: end_users.delete_end_user(w.somebody, actor=w.actor),
    f"{PEOPLE}.end_users.find_or_create_user": lambda w: end_users.find_or_create_user(
        "new@customer.test", actor=w.actor
    ),
    f"{PEOPLE}.end_users.remove_address": lambda w: end_users.remove_address(
        _with_second_address(w).owner, OTHER_ADDRESS, actor=w.actor
    ),
    f"{PEOPLE}.end_users.set_default_address": lambda w: end_users.set_default_address(
        _with_second_address(w).owner, OTHER_ADDRESS, actor=w.actor
    ),
    f"{PEOPLE}.end_users.set_organization": lambda w: end_users.set_organization(w.owner, None, actor=w.actor),
    f"{PEOPLE}.end_users.set_primary_contact": lambda w: end_users.set_primary_contact(w.owner, True, actor=w.actor),
    f"{PEOPLE}.notes.add_note": lambda w: notes.add_note(w.owner, "x", actor=w.actor),
    f"{PEOPLE}.notes.change_note": lambda w: notes.change_note(_note(w), "y", actor=w.actor),
    f"{PEOPLE}.notes.delete_note": lambda w: notes.delete_note(_note(w), actor=w.actor),
    f"{PEOPLE}.organizations.create_organization": lambda w: organizations.create_organization("New", actor=w.actor),
    f"{PEOPLE}.organizations.delete_organization": lambda w: organizations.delete_organization(
        w.organization, actor=w.actor
    ),
    f"{PEOPLE}.organizations.store_organization": lambda w: organizations.store_organization(
        organizations.OrganizationDraft(name="Renamed"), actor=w.actor, organization=w.organization
    ),
    f"{PEOPLE}.roles.create_role": lambda w: roles.create_role("New", [], actor=w.actor),
    f"{PEOPLE}.roles.delete_role": lambda w: roles.delete_role(RoleFactory.new(), actor=w.actor),
    f"{PEOPLE}.roles.set_role_permissions": lambda w: roles.set_role_permissions(w.role, [], actor=w.actor),
    f"{PEOPLE}.roles.store_role": lambda w: roles.store_role(roles.RoleDraft(name="New"), actor=w.actor),
    f"{PEOPLE}.teams.add_team_member": lambda w: teams.add_team_member(w.team, w.agent, actor=w.actor),
    f"{PEOPLE}.teams.create_team": lambda w: teams.create_team("New", actor=w.actor),
    f"{PEOPLE}.teams.delete_team": lambda w: teams.delete_team(w.team, actor=w.actor),
    f"{PEOPLE}.teams.remove_team_member": lambda w: teams.remove_team_member(w.team, w.agent, actor=w.actor),
    f"{PEOPLE}.teams.store_team": lambda w: teams.store_team(teams.TeamDraft(name="New"), actor=w.actor),
    f"{ACCOUNTS}.passwords.change_agent_password": lambda w: passwords.change_agent_password(
        w.actor.agent or w.agent, current_password="wrong", new_password="another one", actor=w.actor
    ),
    f"{ACCOUNTS}.passwords.replace_forgotten_password": lambda w: passwords.replace_forgotten_password(
        w.actor.agent or w.agent, new_password="another one", actor=w.actor
    ),
    f"{ACCOUNTS}.passwords.reset_second_factor": lambda w: passwords.reset_second_factor(w.agent, actor=w.actor),
    f"{ACCOUNTS}.passwords.set_agent_password": lambda w: passwords.set_agent_password(
        w.agent, new_password="another one", change_due=True, actor=w.actor
    ),
    f"{ACCOUNTS}.user_accounts.activate_account": lambda w: user_accounts.activate_account(w.owner, actor=w.actor),
    f"{ACCOUNTS}.user_accounts.change_account": lambda w: user_accounts.change_account(
        w.owner, user_accounts.AccountDraft(username="owner"), actor=w.actor
    ),
    f"{ACCOUNTS}.user_accounts.lock_account": lambda w: user_accounts.lock_account(w.owner, actor=w.actor),
    f"{ACCOUNTS}.user_accounts.register_user": lambda w: user_accounts.register_user(w.somebody, actor=w.actor),
    f"{ACCOUNTS}.user_accounts.require_new_password": lambda w: user_accounts.require_new_password(
        w.owner, actor=w.actor
    ),
    f"{ACCOUNTS}.user_accounts.send_activation_mail": lambda w: user_accounts.send_activation_mail(
        _unconfirmed(w).owner, actor=w.actor
    ),
    f"{ACCOUNTS}.user_accounts.send_password_reset_mail": lambda w: user_accounts.send_password_reset_mail(
        w.owner, actor=w.actor
    ),
    f"{ACCOUNTS}.user_accounts.unlock_account": lambda w: user_accounts.unlock_account(w.owner, actor=w.actor),
}
