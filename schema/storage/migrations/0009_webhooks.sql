CREATE TABLE `__new_messages` (
	`site` text NOT NULL,
	`at` integer NOT NULL,
	`budget` text NOT NULL,
	`webhook` text NOT NULL,
	`body` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`due` integer NOT NULL,
	PRIMARY KEY(`site`, `at`, `budget`, `webhook`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_messages`("site", "at", "budget", "webhook", "body", "attempts", "due") SELECT "site", "at", "budget", '000000000000', "body", "attempts", "due" FROM `messages`;--> statement-breakpoint
DROP TABLE `messages`;--> statement-breakpoint
ALTER TABLE `__new_messages` RENAME TO `messages`;--> statement-breakpoint
CREATE TABLE `__new_webhooks` (
	`site` text NOT NULL,
	`id` text NOT NULL,
	`kind` text DEFAULT 'standard' NOT NULL,
	`url` text NOT NULL,
	`secret` text NOT NULL,
	`budgets` text,
	`created` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`site`, `id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_webhooks`("site", "id", "kind", "url", "secret", "budgets", "created") SELECT "site", '000000000000', 'standard', "url", "secret", NULL, 0 FROM `webhooks`;--> statement-breakpoint
DROP TABLE `webhooks`;--> statement-breakpoint
ALTER TABLE `__new_webhooks` RENAME TO `webhooks`;--> statement-breakpoint
ALTER TABLE `budget_events` ADD `baseline` text;--> statement-breakpoint
ALTER TABLE `budgets` ADD `relative_to` text;--> statement-breakpoint
ALTER TABLE `budgets` ADD `baseline` text;