"""Addresses of users and organizations, below `/scp/` and in the namespace `agent`."""

from django.urls import path

from helpdesk.directory import account_views, import_views, note_views, organization_views, user_views

urlpatterns = [
    path("users/", user_views.users, name="users"),
    path("users/new/", user_views.new_user, name="user_new"),
    path("users/export/", user_views.export_users, name="users_export"),
    path("users/<int:user_id>/", user_views.user, name="user"),
    path("users/<int:user_id>/edit/", user_views.edit_user, name="user_edit"),
    path("users/<int:user_id>/delete/", user_views.delete_user, name="user_delete"),
    path("users/<int:user_id>/organization/", user_views.change_membership, name="user_membership"),
    path("users/<int:user_id>/addresses/", user_views.add_user_address, name="user_address_add"),
    path("users/<int:user_id>/addresses/change/", user_views.change_user_address, name="user_address_change"),
    path("users/<int:user_id>/account/", account_views.account, name="user_account"),
    path("users/<int:user_id>/account/action/", account_views.account_action, name="user_account_action"),
    path("users/<int:user_id>/notes/", note_views.add_user_note, name="user_note"),
    path("users/import/", import_views.upload, name="user_import_upload"),
    path("users/import/<int:import_id>/", import_views.user_import, name="user_import"),
    path("users/import/<int:import_id>/start/", import_views.start, name="user_import_start"),
    path("users/import/<int:import_id>/go-on/", import_views.go_on, name="user_import_go_on"),
    path("users/import/<int:import_id>/cancel/", import_views.cancel, name="user_import_cancel"),
    path("users/import/<int:import_id>/report/", import_views.report, name="user_import_report"),
    path("organizations/", organization_views.organizations, name="organizations"),
    path("organizations/new/", organization_views.new_organization, name="organization_new"),
    path("organizations/<int:organization_id>/", organization_views.organization, name="organization"),
    path("organizations/<int:organization_id>/edit/", organization_views.edit_organization, name="organization_edit"),
    path(
        "organizations/<int:organization_id>/delete/",
        organization_views.remove_organization,
        name="organization_delete",
    ),
    path(
        "organizations/<int:organization_id>/members/", organization_views.change_members, name="organization_members"
    ),
    path("organizations/<int:organization_id>/notes/", note_views.add_organization_note, name="organization_note"),
    path("notes/<int:note_id>/", note_views.edit_note, name="note"),
    path("users.php", user_views.legacy_users),
    path("orgs.php", organization_views.legacy_organizations),
]
