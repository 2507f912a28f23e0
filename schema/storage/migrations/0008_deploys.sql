CREATE TABLE `deploys` (
	`site` text NOT NULL,
	`at` integer NOT NULL,
	`id` text NOT NULL,
	`release` text NOT NULL,
	`note` text,
	PRIMARY KEY(`site`, `at`, `id`)
) STRICT, WITHOUT ROWID;
