/**
 * The group `ship`: from a clone to a ringing phone, and everything after. One file in ship/ for each proof.
 */
import type { Proof } from "./rows.ts";
import { again } from "./ship/again.ts";
import { CLEAN } from "./ship/clean.ts";
import { deploy } from "./ship/deploy.ts";
import { doctor } from "./ship/doctor.ts";
import { RECIPES } from "./ship/recipes.ts";
import { setup } from "./ship/setup.ts";
import { tunnel } from "./ship/tunnel.ts";

export const SHIP: readonly Proof[] = [setup, deploy, again, tunnel, doctor, RECIPES, CLEAN];
