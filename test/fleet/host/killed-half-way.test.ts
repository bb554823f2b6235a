import { isPutRightWhenKilledIn } from '../../support/killed.ts';

isPutRightWhenKilledIn('check', 'restore');
